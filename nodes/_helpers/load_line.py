"""The line to a load on MQTT: what it was told last is true again after every outage."""

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace

from flowctl import Battery, Latest, Log, Release, Seconds, Store, Watts
from nodes._helpers.mqtt import Link
from nodes._helpers.nonsense import Nonsense

ANSWERS = "answers"  # kept in the store: this load is known to answer
BEAT = 1.0  # s between two looks at the line
UNASKED = 1000.0  # W that a load of unknown power is taken for as long as none was asked of it
SAME = 2.0  # W: a percent that was rounded
ON = math.inf  # W: it draws, and nobody knows how much


@dataclass(frozen=True)
class Manner:
    """How one load is spoken to; powers are magnitudes here."""

    topic: str
    payload: Callable[[Watts], bytes]
    """What is published for a power; for 0 W, what switches it off."""
    draws: Callable[[Watts], Watts]
    """What it draws once it was told so."""
    rating: Battery
    retain: bool = True
    answers: str = ""
    """Topic on which it tells its state, if it does."""
    read: Callable[[bytes], Watts] = float
    """Power that a state means, `ON` if only that it draws; `ValueError` if it is not a state."""
    patience: Seconds = 5.0
    """From a command to the answer of a load that answers."""
    boot: str = ""
    """Topic on which it says that it has started: then it is told again."""


async def steer(
    setpoint: Latest[Watts | Release], link: Link, manner: Manner, store: Store, log: Log
) -> AsyncGenerator[Battery, None]:
    """Tell a load what to draw: off at first and at the end, and again after every outage.

    Raises:
        TimeoutError: a load that used to answer does not.
    """
    line = _Line(link, manner, store, log)
    most, least = manner.rating.max_charge, manner.rating.min_power
    log.info("%s: %s W", manner.topic, "unknown" if most is None else f"{least:.0f} to {most:.0f}")
    async with AsyncExitStack() as ears:
        for topic, hear in ((manner.answers, line.answered), (manner.boot, line.booted)):
            if topic:
                await ears.enter_async_context(_listening(link, topic, hear, log))
        try:
            for record in line.look():
                yield record
            async for command in setpoint.or_every(BEAT):
                if command is not None:
                    line.want(0.0 if isinstance(command, Release) else max(0.0, -command))
                for record in line.look():
                    yield record
        finally:
            line.off()


class _Line:
    """What the load is to draw, whether it was told, and whether it answered."""

    def __init__(self, link: Link, manner: Manner, store: Store, log: Log) -> None:
        self._link, self._manner, self._store, self._log = link, manner, store, log
        self._now = asyncio.get_running_loop().time
        self._nonsense = Nonsense(log, manner.answers)
        self._wanted: Watts = 0.0
        self._asked: Watts = UNASKED
        self._told = self._met = False
        self._online = True
        self._told_at = -math.inf
        self._due = math.inf  # by when an answer must have come
        self._answer: Watts | None = None
        self._said: Watts = 0.0
        self._silent = bool(manner.answers and store.get(ANSWERS))

    def want(self, watts: Watts) -> None:
        """Have the load draw so much."""
        self._wanted, self._told, self._answer = watts, False, None
        self._asked = watts or self._asked

    def off(self) -> None:
        """Switch it off for good."""
        if not self._wanted and self._told:
            return
        self._wanted = 0.0
        self._publish()
        if not self._link.online:
            said = "could not be switched off: the MQTT broker is away"
            self._log.error(said)
            self._log.trouble(OSError(said))

    def answered(self, payload: bytes) -> None:
        """Take what the load tells of its state.

        Just after a command it may be the answer to the one before: that says nothing.
        """
        try:
            drawn = self._manner.read(payload)
        except ValueError as why:
            self._nonsense.heard(why)
            return
        self._nonsense.over()
        is_old = self._now() - self._told_at < BEAT
        drawn = self._manner.draws(self._asked) if drawn == ON else drawn
        if self._silent or not (is_old or abs(drawn - self._said) < SAME):
            self._answer = drawn
        self._due, self._silent = math.inf, False
        if not self._store.get(ANSWERS):
            self._store[ANSWERS] = True

    def booted(self, payload: bytes) -> None:
        """Hear that the load has started: it forgot what it was told."""
        self._log.info("has started: %s", payload[:200].decode(errors="replace"))
        self._told = False

    def look(self) -> Iterator[Battery]:
        """Say what is to be said, to the load and of it."""
        if not self._link.online:
            self._told = False
            if self._online:
                self._online = False
                yield Battery(online=False)
            return
        if not self._told:
            self._publish()
            if not self._silent:
                self._online = True
                yield self._says(self._manner.draws(self._wanted))
        if self._answer is not None:
            drawn, self._answer = self._answer, None
            yield self._says(drawn)
        if self._now() > self._due:
            yield Battery(online=False)
            cure = "is it powered, and in reach of the network?"
            told = f"{self._manner.topic}: no answer in {self._manner.patience:g}s"
            raise TimeoutError(f"{told}; {cure}")

    def _publish(self) -> None:
        manner = self._manner
        payload = manner.payload(self._wanted)
        # an event is never said again by the link: on a topic that loads share, the newest message
        # may be another one's. What is to be repeated, this line repeats.
        self._link.say(manner.topic, payload, qos=1, retain=manner.retain, event=True)
        self._told, self._told_at = True, self._now()
        if manner.answers and self._store.get(ANSWERS):
            self._due = min(self._due, self._now() + manner.patience)

    def _says(self, drawn: Watts) -> Battery:
        """Tell what it draws, and with the first word what it can do."""
        record = self._manner.rating if not self._met else Battery()
        self._met, self._said = True, drawn
        return replace(record, setpoint=-drawn or 0.0, online=True, max_discharge=0.0)


@asynccontextmanager
async def _listening(
    link: Link, topic: str, hear: Callable[[bytes], None], log: Log
) -> AsyncIterator[None]:
    """Hand on what comes on a topic, but for what the broker kept from before."""

    async def listen() -> None:
        try:
            async with aclosing(link.hear(topic)) as messages:
                async for message in messages:
                    if not message.kept:
                        hear(message.payload)
        except OSError as error:  # the load can be steered without its answers
            log.warning("%s", error)

    task = asyncio.create_task(listen(), name=f"hear {topic}")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
