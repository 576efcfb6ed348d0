"""The door of a simulated Modbus device: pymodbus serves, the house decides who comes in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from nodes._helpers.modbus_session import Framing


class House(Protocol):
    """Who is behind the door."""

    native: bool
    hangs_up: bool

    def admit(self, guest: "Guest") -> bool:
        """Take a session, or not."""

    def left(self, guest: "Guest") -> None:
        """See a session off."""

    async def answers(self, request: ModbusPDU) -> bool:
        """Take the time a request takes, and tell whether it gets an answer at all."""

    async def access(
        self, function: int, start: int, address: int, count: int, words: list[int], values: Any
    ) -> ExcCodes | None:
        """Serve a read (no values) or a write."""


@asynccontextmanager
async def open_door(
    house: House,
    registers: Sequence[int],
    address: tuple[str, int],
    device: int,
    framing: Framing,
) -> AsyncIterator[int]:
    """Listen for some registers, and give the port; the end drops every session."""
    blocks = _blocks(registers)
    framer = FramerType.RTU if framing == "rtu" else FramerType.SOCKET
    door = _Door(
        SimDevice(id=device, simdata=blocks, action=house.access), framer=framer, address=address
    )
    door.house, door.framing = house, framing
    await door.serve_forever(background=True)
    try:
        yield door.transport.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    finally:
        await door.shutdown()  # type: ignore[no-untyped-call]


class _Door(ModbusTcpServer):
    house: House
    framing: Framing

    def callback_new_connection(self) -> ServerRequestHandler:
        return Guest(self)


class Guest(ServerRequestHandler):
    """One session."""

    def __init__(self, door: _Door) -> None:
        self.house = door.house
        self._spoils = door.house.native and door.framing == "tcp"
        super().__init__(door, self._packet, None, None)  # type: ignore[no-untyped-call]

    def callback_connected(self) -> None:
        """Come in, or be turned away."""
        super().callback_connected()
        if not self.house.admit(self):
            self.hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Be seen off."""
        self.house.left(self)
        super().connection_lost(exc)

    async def handle_request(self) -> None:
        """Answer, late or never where the house says so."""
        request = self.last_pdu
        if request is not None and await self.house.answers(request):
            await super().handle_request()  # type: ignore[no-untyped-call]

    def hang_up(self) -> None:
        """Drop the connection at once."""
        if self.is_active():
            self.transport.abort()  # type: ignore[attr-defined]

    def _packet(self, sending: bool, data: bytes) -> bytes:
        """Spoil the length of exceptions, as v3, A and D do: 4 is said, 3 are sent."""
        if not (sending and self._spoils and data[7] & 0x80):
            return data
        if self.house.hangs_up:
            self.loop.call_soon(self._bye)
        return data[:4] + b"\0\4" + data[6:]

    def _bye(self) -> None:
        if self.is_active():
            self.transport.close()


def _blocks(addresses: Sequence[int]) -> list[SimData]:
    """Lay neighbours into one block: what lies between blocks is an exception."""
    made: list[list[int]] = []
    for address in addresses:
        if made and made[-1][-1] == address - 1:
            made[-1].append(address)
        else:
            made.append([address])
    return [SimData(run[0], values=[0] * len(run), datatype=DataType.UINT16) for run in made]
