"""A simulated Marstek Venus that speaks Modbus on a real socket, quirks and all."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU

from nodes._helpers.marstek_families import FamilyName
from nodes._helpers.modbus import LARGEST_READ
from nodes._helpers.modbus_session import Framing
from nodes.sim.marstek_registers import VenusRegisters
from nodes.sim.modbus_door import Guest, open_door
from nodes.sim.unit import Unit


class VenusServer:
    """What a test or a plant may do to the simulated battery, and what it saw."""

    def __init__(
        self, registers: VenusRegisters, *, slot_rest: float = 1.0, latency: float = 0.0
    ) -> None:
        self.registers = registers
        self.writes: list[tuple[int, int]] = []
        """Every write taken, as register and value, in order."""
        self.reads = 0
        self.sessions = self.turned_away = 0
        self.hangs_up = False
        """Close the session after each exception, as fw 149 does."""
        self.zombie = False
        """A client that is gone without a goodbye keeps the only slot."""
        self.port = 0
        self.native = registers.family != "v2"
        """Whether its own Modbus TCP answers, not a gateway before its RS485."""
        self._slot_rest, self._latency = slot_rest, latency
        self._free_at = self._boot_until = -math.inf
        self._running = asyncio.Event()
        self._running.set()
        self._guests: set[Guest] = set()

    def stall(self, seconds: float) -> None:
        """Answer nothing for a while, then everything that waits."""
        self._running.clear()
        asyncio.get_running_loop().call_later(seconds, self.resume)

    def resume(self) -> None:
        """End a stall."""
        self._running.set()

    def hang_up(self) -> None:
        """Close every session."""
        for guest in list(self._guests):
            guest.hang_up()

    def reboot(self, seconds: float = 0.0) -> None:
        """Drop all sessions and all orders, and take nobody for a while."""
        self._boot_until = _now() + seconds
        self.registers.reboot()
        self.hang_up()

    async def answers(self, request: ModbusPDU) -> bool:
        """Take the time a request takes, and tell whether it gets an answer at all."""
        await asyncio.sleep(self._latency)
        await self._running.wait()
        too_long = request.function_code in (3, 4) and request.count > LARGEST_READ
        return self.registers.unit.online and not too_long

    def admit(self, guest: Guest) -> bool:
        """Take a session, or not: the native devices have one slot, free a while after its end."""
        now = _now()
        taken = self.native and (bool(self._guests) or now < self._free_at or self.zombie)
        if taken or now < self._boot_until:
            self.turned_away += 1
            return False
        self._guests.add(guest)
        self.sessions += 1
        self.registers.stuck = max(0, self.registers.stuck - 1)
        return True

    def left(self, guest: Guest) -> None:
        """See a session off."""
        if guest in self._guests:
            self._guests.discard(guest)
            self._free_at = _now() + self._slot_rest

    async def access(
        self, function: int, start: int, address: int, count: int, words: list[int], values: Any
    ) -> ExcCodes | None:
        """Serve pymodbus: lay fresh values into its words before a read, or take a write."""
        if values is None:
            self.reads += function in (3, 4)
            fresh = self.registers.read(address, count, echo=function not in (3, 4))
            words[address - start : address - start + count] = fresh
            return None
        if code := self.registers.write(address, values):
            return ExcCodes(code)
        self.writes += list(enumerate(values, address))
        return None


@asynccontextmanager
async def serve(
    unit: Unit,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    family: FamilyName = "v3",
    device: int = 1,
    framing: Framing = "tcp",
    slot_rest: float = 1.0,
    echo: float = 0.0,
    latency: float = 0.0,
    absent: Collection[int] = (),
    untold: Collection[str] = (),
) -> AsyncIterator[VenusServer]:
    """Serve one battery. `echo` is how long read-backs lag, `latency` how long a request takes.

    Registers in `absent` are exceptions, as firmware differs; what is `untold` has no value.

    Source: one session, its slot, silence above 32 registers, wrong length of exceptions, stalls:
    Marstek Modbus Suite on firmware 149 and 150; a gateway before v1 and v2 has none of these.
    """
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    registers = VenusRegisters(unit, family, _now, echo)
    registers.untold = untold
    venus = VenusServer(registers, slot_rest=slot_rest, latency=latency)
    there = [address for address in registers.addresses if address not in absent]
    async with open_door(venus, there, (host, port), device, framing) as venus.port:
        try:
            yield venus
        finally:
            venus.resume()


def _now() -> float:
    return asyncio.get_running_loop().time()
