"""A simulated Marstek Venus that speaks the local UDP API on a real socket, quirks and all."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nodes._helpers.marstek_families import FamilyName
from nodes.sim.marstek_udp_state import ApiError, UdpBattery
from nodes.sim.unit import Unit

PARSE, INVALID, UNKNOWN = -32700, -32600, -32601  # Marstek Device Open API Rev 1.0: error codes


@dataclass
class Quirks:
    """What firmware and networks do to clients; may be changed while it runs."""

    loss: float = 0.0
    """Part of the datagrams that get lost, each way (31 % of replies were seen to arrive)."""
    latency: float = 0.0
    """Seconds an answer takes (0.3 to 3 s are common)."""
    busy: float = 0.0
    """Seconds after a command in which the next is answered `set_result: false`."""
    refusals: int = 0
    """So many commands to come are refused."""
    reverts: bool = False
    """ES.GetMode ends Manual and Passive (firmware 148)."""
    integer_ids: bool = True
    """Questions whose id is no integer get no answer (E v3 from firmware 139)."""
    missing: set[str] = field(default_factory=set)
    """Methods the firmware does not know."""
    silent: set[str] = field(default_factory=set)
    """Methods it never answers (ES.GetStatus on E v3, firmware 137 and 139)."""


class UdpVenus(asyncio.DatagramProtocol):
    """What a test or a plant may do to the simulated battery, and what it saw."""

    def __init__(self, battery: UdpBattery, quirks: Quirks, seed: int) -> None:
        self.battery, self.quirks = battery, quirks
        self.asked: list[str] = []
        """Methods asked for, in order."""
        self.port = 0
        self._dice = random.Random(seed)
        self._transport: asyncio.DatagramTransport | None = None
        self._loop = asyncio.get_running_loop()
        self._commanded_at = float("-inf")

    @property
    def mode(self) -> str:
        """The working mode it is in."""
        return self.battery.mode

    def connection_made(self, transport: Any) -> None:
        """Take the socket (asyncio gives it)."""
        self._transport = transport
        self.port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Answer, or not (asyncio calls it)."""
        if not self.battery.unit.online or self._lost():
            return
        said = self._answer(data)
        if said is not None and not self._lost():
            text = json.dumps(said | {"src": self.battery.source}).encode()
            self._loop.call_later(self.quirks.latency, self._send, text, addr)

    def close(self) -> None:
        """Answer nothing any more."""
        self._transport = None
        self.battery.close()

    def _send(self, text: bytes, addr: tuple[Any, ...]) -> None:
        if self._transport:
            self._transport.sendto(text, addr)

    def _lost(self) -> bool:
        return self._dice.random() < self.quirks.loss

    def _answer(self, data: bytes) -> dict[str, Any] | None:
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            return _fault(0, PARSE, "Parse error")
        number = said.get("id") if isinstance(said, dict) else None
        if not isinstance(number, int) and self.quirks.integer_ids:
            return None
        if not isinstance(said, dict) or not isinstance(said.get("method"), str):
            return _fault(number, INVALID, "Invalid Request")
        if said["method"] in self.quirks.silent:
            return None
        return self._result(number, said["method"], said.get("params"))

    def _result(self, number: Any, method: str, params: Any) -> dict[str, Any]:
        self.asked.append(method)
        ways: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
            "Marstek.GetDevice": lambda _: self.battery.device(),
            "Wifi.GetStatus": lambda _: self.battery.wifi(),
            "Bat.GetStatus": lambda _: self.battery.cells(),
            "PV.GetStatus": lambda _: self.battery.panels(),
            "ES.GetStatus": lambda _: self.battery.status(),
            "ES.GetMode": self._mode,
            "EM.GetStatus": lambda _: self.battery.meter(),
            "ES.SetMode": self._command,
        }
        if method not in ways or method in self.quirks.missing:
            return _fault(number, UNKNOWN, "Method not found")
        try:
            return {"id": number, "result": {"id": 0, **ways[method](params)}}
        except ApiError as error:
            return _fault(number, error.code, str(error))

    def _mode(self, _params: Any) -> Mapping[str, Any]:
        if self.quirks.reverts:
            self.battery.revert()
        return self.battery.working()

    def _command(self, params: Any) -> Mapping[str, Any]:
        now = self._loop.time()
        soon, self._commanded_at = now - self._commanded_at < self.quirks.busy, now
        if soon or self.quirks.refusals > 0:
            self.quirks.refusals = max(0, self.quirks.refusals - 1)
            return {"set_result": False}
        self.battery.set_mode(params)
        return {"set_result": True}


@asynccontextmanager
async def serve(
    unit: Unit,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    family: FamilyName = "v3",
    firmware: int | None = None,
    quirks: Quirks | None = None,
    hurry: float = 1.0,
    wall: Callable[[], datetime] | None = None,
    seed: int = 1,
    untold: Collection[str] = (),
) -> AsyncIterator[UdpVenus]:
    """Serve one battery; its answers leave out what is `untold`.

    `hurry` is how much faster than life the `cd_time` of passive mode runs out. `wall` is the clock
    that schedule slots go by; without one an enabled slot holds all week.

    Source: envelope, error codes and methods: Marstek Device Open API Rev 1.0; passive mode that
    falls back to Auto: the mock device of taurgis/has-marstek-local-api.
    """
    loop = asyncio.get_running_loop()
    battery = UdpBattery(unit, family, firmware, hurry, wall)
    battery.untold = untold
    transport, venus = await loop.create_datagram_endpoint(
        lambda: UdpVenus(battery, quirks or Quirks(), seed), local_addr=(host, port)
    )
    try:
        yield venus
    finally:
        venus.close()
        transport.close()
        await asyncio.sleep(0)


def _fault(number: Any, code: int, message: str) -> dict[str, Any]:
    return {"id": number, "error": {"code": code, "message": message}}
