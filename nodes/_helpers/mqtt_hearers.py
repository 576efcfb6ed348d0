"""Who hears what from an MQTT broker: one connection, many steps, each with its own filter."""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from nodes._helpers.inbox import Inbox
from nodes._helpers.mqtt_session import Session
from nodes._helpers.mqtt_topics import matches, widest

ROUTES = 1000  # topics whose hearers are remembered; a broker may have no end of them


class Message(NamedTuple):
    """What came in on a topic."""

    topic: str
    payload: bytes
    kept: bool
    """Whether the broker had kept it from before (retained)."""


class Hearer:
    """One step that hears. What the broker kept it hears once, though others ask for it too."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.patterns = patterns
        self.inbox: Inbox[Message] = Inbox()
        self.seen: set[str] = set()

    def heard(self, message: Message) -> None:
        """Take a message."""
        if message.kept:
            if message.topic in self.seen:
                return
            self.seen.add(message.topic)
        self.inbox.put(message.topic, message)


class Hearers:
    """All who hear on one connection, and what the broker was asked for."""

    def __init__(self) -> None:
        self._all: list[Hearer] = []
        self._routes: dict[str, list[Hearer]] = {}
        self._asked: set[str] = set()
        self._session: Session | None = None

    def attach(self, session: Session | None) -> None:
        """Hear through a fresh connection from now on, or through none."""
        self._session, self._asked = session, set()
        for hearer in self._all:
            hearer.seen.clear()
        self._subscribe()

    async def hear(self, *patterns: str) -> AsyncGenerator[Message, None]:
        """Yield each message whose topic a filter matches, in order; what was kept comes first."""
        hearer = Hearer(patterns)
        self._all.append(hearer)
        self._subscribe(*patterns)
        try:
            async for message in hearer.inbox:
                yield message
        finally:
            self._all.remove(hearer)
            self._subscribe()

    def heard(self, topic: str, payload: bytes, kept: bool) -> None:
        """Hand a message to all who asked for its topic."""
        hearers = self._routes.get(topic)
        if hearers is None:
            hearers = self._route(topic)
        message = Message(topic, payload, kept)
        for hearer in hearers:
            hearer.heard(message)

    def refused(self, pattern: str, error: OSError) -> None:
        """Tell those who asked for a topic that they will not hear it."""
        for hearer in self._all:
            if pattern in hearer.patterns:
                hearer.inbox.fail(error)

    def _subscribe(self, *fresh: str) -> None:
        """Ask for the widest filters; for a fresh one always, as it brings what the broker kept."""
        self._routes.clear()
        wanted = widest({pattern for hearer in self._all for pattern in hearer.patterns})
        asked = (wanted - self._asked) | set(fresh)
        if self._session:
            self._session.subscribe(sorted(asked))
            self._session.unsubscribe(sorted((asked | self._asked) - wanted))
            self._asked = wanted

    def _route(self, topic: str) -> list[Hearer]:
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        found = [
            hearer
            for hearer in self._all
            if any(matches(pattern, topic) for pattern in hearer.patterns)
        ]
        self._routes[topic] = found
        return found
