"""A conversation with one B2500 over MQTT: both prefixes, both names, until it is known which."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import NamedTuple

from flowctl import Seconds
from nodes._helpers.either import at_once, either
from nodes._helpers.hame_b2500 import POLL, Status, read_status
from nodes._helpers.hame_id import NEW_ID, new_id
from nodes._helpers.mqtt import Link
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.nonsense import Nonsense

PREFIXES = ("hame_energy", "marstek_energy")  # old firmware, new firmware
TIMERS_ONLY = "HMB"  # its `md` is something else


class Way(NamedTuple):
    """Two topics of one storage."""

    ask: str
    answer: str


def ways(kind: str, mac: str, given: str = "") -> list[Way]:
    """Return all topics under which a storage may speak.

    Raises:
        ValueError: the MAC is none.
    """
    plain = mac.lower().replace(":", "").replace("-", "")
    if len(plain) != 12 or not plain.isalnum():
        raise ValueError(f"'{mac}' is not a MAC; write its 12 digits as the app shows them")
    names = [plain]
    if given or kind.startswith(NEW_ID):
        names.append(given or new_id(plain))
    return [
        Way(f"{prefix}/{kind}/App/{name}/ctrl", f"{prefix}/{kind}/device/{name}/ctrl")
        for name in names
        for prefix in PREFIXES
    ]


class Session:
    """Asks and tells; the first answer tells by which topics from then on."""

    def __init__(self, link: Link, ways: list[Way], nonsense: Nonsense) -> None:
        self._link, self._ways, self._nonsense = link, ways, nonsense
        self._timers_only = f"/{TIMERS_ONLY}" in ways[0].ask
        self.misses = 0
        """Polls in a row without an answer."""
        self._asked = False

    def messages(self) -> Iterator[AsyncGenerator[Message, None]]:
        """Listen to all it may answer by."""
        return (self._link.hear(way.answer) for way in self._ways)

    def poll(self) -> None:
        """Ask it how it is.

        Raises:
            OSError: the broker is away.
        """
        self.misses += self._asked
        self._asked = True
        self.say(POLL)

    def say(self, command: bytes) -> None:
        """Tell it something. It does not answer to that.

        Raises:
            OSError: the broker is away.
        """
        if not self._link.online:
            raise ConnectionError("the MQTT broker is away")
        for way in self._ways:
            self._link.say(way.ask, command, event=True)

    def take(self, message: Message) -> Status | None:
        """Read what came; nothing if it is no answer to a poll."""
        if message.kept:
            return None
        try:
            status, odd = read_status(message.payload, timers_only=self._timers_only)
        except ValueError as why:
            self._nonsense.heard(why)
            return None
        for number in odd:
            self._nonsense.heard(number)
        if status is None:
            return None
        if not odd:
            self._nonsense.over()
        self._asked, self.misses = False, 0
        self._ways = [way for way in self._ways if way.answer == message.topic] or self._ways
        return status

    async def ask(self, patience: Seconds) -> Status | None:
        """Poll it and wait for the answer; nothing if none comes in time.

        Raises:
            OSError: the broker is away.
        """
        try:
            async with (
                asyncio.timeout(patience),
                aclosing(either(*self.messages(), at_once())) as events,
            ):
                async for event in events:
                    if event is None:
                        self.poll()
                    elif status := self.take(event):
                        return status
        except TimeoutError:
            pass
        return None
