"""A simulated battery that polls its meter over UDP: a Shelly, or a CT002."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from flowctl import Seconds, ticks
from nodes._helpers.ct_frames import ANYBODY, CT002, read_frame, write_frame
from nodes._helpers.udp import read_object
from nodes.sim.b2500 import B2500
from nodes.sim.guest import going
from nodes.sim.unit import Unit

HEARD_AFTER = 2.0  # s; an answer that comes later is none
MAC = "acd929a74b20"
FIELDS = 24  # of an answer of a CT002
TOTAL, INDEX = 7, 13  # places of the power of all phases, and of the number that is not repeated


class Asks(NamedTuple):
    """How a meter is asked, and what its answer says, + import."""

    question: Callable[[int], bytes]
    reading: Callable[[bytes], float | None]


def shelly(method: str = "EM.GetStatus") -> Asks:
    """Ask a Shelly, as firmware of a B2500 does; a number without a decimal point is not read."""

    def question(number: int) -> bytes:
        said = {"id": number, "src": "hame", "method": method, "params": {"id": 0}}
        return json.dumps(said).encode()

    def reading(data: bytes) -> float | None:
        result = read_object(data).get("result")
        name = "total_act_power" if method == "EM.GetStatus" else "act_power"
        if not isinstance(result, dict) or not isinstance(result.get(name), float):
            return None
        pointed = f'"{name}":{result[name]!r}'.encode() in data.replace(b" ", b"")
        return float(result[name]) if pointed and "." in repr(result[name]) else None

    return Asks(question, reading)


def ct(unit: Unit, mac: str = MAC, meter: str = ANYBODY, phase: str = "A") -> Asks:
    """Ask a CT002; an answer that bears the number of the one before is not heard."""
    seen = [-1]

    def question(_number: int) -> bytes:
        return write_frame(["HMA-1", mac, CT002, meter, phase, round(unit.power), 1])

    def reading(data: bytes) -> float | None:
        fields = read_frame(data)
        if len(fields) != FIELDS or fields[3].lower() != mac.lower():
            return None
        number = int(fields[INDEX])
        if number == seen[0]:
            return None
        seen[0] = number
        return float(fields[TOTAL])

    return Asks(question, reading)


class Poller(asyncio.DatagramProtocol):
    """The storage's own side of the network."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        """All that came, for tests."""
        self._transport: asyncio.DatagramTransport | None = None
        self._came = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        """Take the socket (asyncio gives it)."""
        self._transport = transport

    def datagram_received(self, data: bytes, _addr: tuple[Any, ...]) -> None:
        """Take an answer (asyncio calls it)."""
        self.answers.append(data)
        self._came.set()

    async def ask(self, question: bytes, meter: tuple[str, int], patience: Seconds) -> bytes | None:
        """Ask and wait for an answer; nothing if none comes in time."""
        assert self._transport
        self._came.clear()
        self._transport.sendto(question, meter)
        try:
            async with asyncio.timeout(patience):
                await self._came.wait()
        except TimeoutError:
            return None
        return self.answers[-1]


@asynccontextmanager
async def serve(
    unit: Unit,
    asks: Asks,
    meter: tuple[str, int],
    *,
    host: str = "127.0.0.1",
    poll: Seconds = 1.0,
    patience: Seconds = HEARD_AFTER,
    follow: Callable[[float | None], None] | None = None,
) -> AsyncIterator[Poller]:
    """Be a storage that polls a meter and follows it; `host` is its own address.

    Source: polls and the law of a B2500 as AstraMeter has recorded them.
    """
    loop = asyncio.get_running_loop()
    transport, poller = await loop.create_datagram_endpoint(Poller, local_addr=(host, 0))
    obey = follow or B2500(unit).follow

    async def polls() -> None:
        number = 0
        async for _ in ticks(poll):
            number += 1
            if unit.online:
                answer = await poller.ask(asks.question(number), meter, patience)
                obey(None if answer is None else asks.reading(answer))

    try:
        async with going(polls()):
            yield poller
    finally:
        transport.close()
