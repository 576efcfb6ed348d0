"""Shelly meters that tell by themselves, over a WebSocket or MQTT."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from flowctl import Seconds, Secret, Watts, ticks
from nodes._helpers.either import either
from nodes._helpers.fields import number, read_json, read_number
from nodes._helpers.http import Http
from nodes._helpers.mqtt import Link
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import text_of
from nodes._helpers.shelly import CLAMPS, Ask, Clamp, clamps, rpc_ask
from nodes._helpers.shelly_frames import (
    Scope,
    Status,
    is_answer,
    is_refusal,
    login,
    merged,
    payload,
    question,
    told,
)
from nodes._helpers.websocket import Socket

SOURCE = "flowctl"
OLD = "shellies/"
"""Where the first generation speaks on MQTT."""
WANTS = "it wants its password, and this is not it: give it as password"


class Meter:
    """What a meter told so far. Pure."""

    def __init__(self, clamp: Clamp) -> None:
        self._clamp = clamp
        self._one = f"em1:{CLAMPS.index(clamp)}" if clamp in CLAMPS else "em:0"
        self._ask: Ask | None = None
        self.status: Status = {}

    def take(self, said: Any) -> Watts | None:
        """Take a frame; return the power if it tells of it.

        Raises:
            ValueError: it makes no sense, or there is no power in it.
        """
        return self.learn(*told(said))

    def learn(self, news: Status, scope: Scope) -> Watts | None:
        """Take news of some components, or of all; return the power if they are about it.

        Raises:
            ValueError: there is no power.
        """
        self.status = merged(self.status, news, scope)
        if self._ask is None and not (scope == "all" or self._one in self.status):
            return None  # how many clamps it has, only all of it tells
        self._ask = self._ask or rpc_ask(self.status, self._clamp)
        parts = set(self._ask.parts)
        if parts.isdisjoint(news) or not parts <= self.status.keys():
            return None
        return self._ask.power(self.status)

    def forget(self) -> None:
        """Know nothing any more: it is away."""
        self.status = {}


async def over_socket(
    link: Http, clamp: Clamp, password: Secret | None, *, patience: Seconds, nonsense: Nonsense
) -> AsyncGenerator[Watts, None]:
    """Yield each power as the meter tells it; it is asked when it said nothing for so long.

    Raises:
        OSError: it does not answer or refuses, or is not a meter with such a clamp.
    """
    meter = Meter(clamp)
    async with link.socket("/rpc", patience) as socket:
        talk = _Talk(socket, password, patience)
        yield _first(meter, await talk.status(), socket.shown)
        while True:
            try:
                said = await _next(socket, patience)
                said = await talk.asked() if said is None else said
                watts = meter.take(read_json(said))
            except ValueError as why:
                nonsense.heard(why)
                continue
            if watts is not None:
                nonsense.over()
                yield watts


async def over_mqtt(
    link: Link, topic: str, clamp: Clamp, *, patience: Seconds, nonsense: Nonsense
) -> AsyncGenerator[Watts, None]:
    """Yield each power as the meter publishes it; it is asked when it said nothing for so long."""
    meter: Phases | Topics = Phases(topic, clamp) if topic.startswith(OLD) else Topics(topic, clamp)
    heard = link.hear(*meter.filters)
    lately = False
    async with aclosing(either(heard, ticks(patience))) as events:
        async for event in events:
            if not isinstance(event, Message):
                if not link.online:
                    meter.forget()
                elif not lately and meter.question:
                    link.say(f"{topic}/rpc", meter.question, event=True)
                lately = False
                continue
            try:
                watts = meter.hear(event)
            except ValueError as why:
                nonsense.heard(why)
                continue
            if watts is not None:
                lately = True
                nonsense.over()
                yield watts


class Topics(Meter):
    """A later generation on MQTT: `status/em:0`, `events/rpc`, and answers to its own questions."""

    def __init__(self, topic: str, clamp: Clamp) -> None:
        super().__init__(clamp)
        self._topic, mine = topic, f"{SOURCE}/{topic}"
        self.question = payload(question(mine))
        ways = ("status/+", "events/rpc", "online")
        self.filters = [*(f"{topic}/{way}" for way in ways), f"{mine}/rpc"]

    def hear(self, message: Message) -> Watts | None:
        """Take a message; return the power if it tells of it.

        Raises:
            ValueError: it makes no sense.
        """
        way = message.topic.removeprefix(f"{self._topic}/")
        if way == "online":
            if message.payload == b"false":
                self.forget()
            return None
        if message.kept or not message.payload:
            return None
        said = read_json(text_of(message.payload))
        part = re.fullmatch(r"status/(em1?:\d)", way)
        if part:
            return self.learn({part[1]: said}, "parts")
        return None if way.startswith("status/") else self.take(said)


class Phases:
    """The first generation on MQTT: one topic for each clamp.

    Source: shelly-api-docs.shelly.cloud, Gen1, MQTT: `shellies/<id>/emeter/<i>/power`, `online`.
    """

    question = b""

    def __init__(self, topic: str, clamp: Clamp) -> None:
        there = CLAMPS[:2] if "/shellyem-" in topic else CLAMPS
        self._wanted = [str(one) for one in clamps(list(range(len(there))), clamp)]
        self._known: dict[str, Watts] = {}
        self.filters = [f"{topic}/emeter/+/power", f"{topic}/online"]

    def hear(self, message: Message) -> Watts | None:
        """Take a message; return the sum when all clamps of it are known.

        Raises:
            ValueError: it is not a number.
        """
        if message.topic.endswith("/online"):
            if message.payload == b"false":
                self.forget()
            return None
        clamp = message.topic.split("/")[-2]
        if message.kept or not message.payload or clamp not in self._wanted:
            return None
        self._known[clamp] = read_number(text_of(message.payload))
        complete = len(self._known) == len(self._wanted)
        return number(sum(self._known.values())) if complete else None

    def forget(self) -> None:
        """Know nothing any more: it is away."""
        self._known.clear()


class _Talk:
    """Asks over a WebSocket, and logs in where that is wanted."""

    def __init__(self, socket: Socket, password: Secret | None, patience: Seconds) -> None:
        self._socket, self._password, self._patience = socket, password, patience
        self._auth: Mapping[str, Any] | None = None

    async def asked(self) -> str:
        """Ask again after a silence, and return what comes next."""
        await self._socket.say(question(SOURCE, self._auth))
        return await self._socket.hear(self._patience)

    async def status(self) -> Any:
        """Return the frame with the whole status.

        Raises:
            OSError: it does not answer, or refuses.
        """
        said = await self._answer()
        if is_refusal(said) and self._password:
            self._auth = login(said, self._password)
            said = await self._answer()
        if is_refusal(said):
            raise OSError(f"{self._socket.shown}: {WANTS}")
        return said

    async def _answer(self) -> Any:
        await self._socket.say(question(SOURCE, self._auth))
        try:
            async with asyncio.timeout(self._patience):
                while not is_answer(said := await self._frame()):
                    pass
                return said
        except TimeoutError:
            shown, wait = self._socket.shown, self._patience
            raise TimeoutError(f"{shown} gave no answer in {wait:g}s") from None

    async def _frame(self) -> Any:
        try:
            return read_json(await self._socket.hear(self._patience))
        except ValueError:
            return None


async def _next(socket: Socket, patience: Seconds) -> str | None:
    """Return what comes next; nothing after a silence."""
    try:
        return await socket.hear(patience)
    except TimeoutError:
        return None


def _first(meter: Meter, said: Any, shown: str) -> Watts:
    try:
        watts = meter.take(said)
    except ValueError as why:
        raise OSError(f"{shown}: {why}") from None
    return number(watts)
