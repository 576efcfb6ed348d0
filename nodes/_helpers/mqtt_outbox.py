"""What goes out to an MQTT broker: at once while there is room, else the newest of each topic."""

from typing import NamedTuple

from nodes._helpers.mqtt_session import Session

EVENTS = 1000  # values that may wait for a way out


class Said(NamedTuple):
    """What goes out on a topic."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


class Outbox:
    """Keeps the newest value of each topic, to say it again when the broker returns."""

    def __init__(self) -> None:
        self.conflated = 0
        """How many values gave way to newer ones before they could go out."""
        self.lost = 0
        """How many events found no way out."""
        self._told = (0, 0)
        self._session: Session | None = None
        self._newest: dict[str, Said] = {}
        self._waiting: dict[object, Said] = {}  # by topic; an event has a key of its own

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def toll(self) -> str:
        """Say what went out in no message since the last call; empty if all did."""
        before, self._told = self._told, (self.conflated, self.lost)
        olds, events = (now - then for now, then in zip(self._told, before, strict=True))
        said = [f"overtaken by newer values: {olds}"] if olds else []
        return ", ".join([*said, *([f"events lost: {events}"] if events else [])])

    def attach(self, session: Session | None) -> None:
        """Speak through a fresh connection from now on, or through none."""
        self._session = session
        if session:
            self._waiting = self._newest | self._waiting
            self.pour()

    def say(self, said: Said, *, event: bool) -> None:
        """Send a value, or let it wait."""
        if not event:
            self._newest[said.topic] = said
        if self._session and not self._waiting and self._session.has_room:
            self._session.publish(*said)
        elif event and (len(self._waiting) >= EVENTS or not (self._session or said.qos)):
            self.lost += 1
        else:
            self._wait(object() if event else said.topic, said)

    def forget(self, topic: str) -> None:
        """Say nothing again on a topic: the step that spoke there is gone."""
        self._newest.pop(topic, None)

    def pour(self) -> None:
        """Send what waits, as far as there is room."""
        while self._session and self._waiting and self._session.has_room:
            self._session.publish(*self._waiting.pop(next(iter(self._waiting))))

    def _wait(self, key: object, said: Said) -> None:
        self.conflated += key in self._waiting
        self._waiting[key] = said
