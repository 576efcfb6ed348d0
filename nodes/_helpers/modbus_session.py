"""One TCP connection that speaks Modbus: pymodbus frames the messages, asyncio carries them.

The connection is ours, not pymodbus' client, because of what devices do: they answer seconds late,
close when they like, and put a wrong length on their exceptions.
"""

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pymodbus.framer import FramerBase
    from pymodbus.pdu import ModbusPDU

Framing = Literal["tcp", "rtu"]

LARGEST_FRAME = 264  # bytes
ALONE = "is it on, on its LAN port, and no other Modbus client connected (many take only one)?"
GATEWAY = "an RS485 gateway must be in its Modbus TCP mode, or set `framing: rtu`"


class Session:
    """Sends a request once and waits for its answer. Faults are OSErrors that name the device."""

    def __init__(
        self,
        name: str,
        framing: Framing,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._name, self._framing = name, framing
        self._reader, self._writer = reader, writer
        self._framer = _framer(framing)
        self._transaction = 0

    @classmethod
    async def open(cls, host: str, port: int, framing: Framing, patience: float) -> "Session":
        """Connect."""
        name = f"{host}:{port}"
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            raise TimeoutError(f"{name} does not accept connections; {ALONE}") from None
        except OSError as error:
            raise ConnectionError(f"{name}: {_reason(error)}; {ALONE}") from None
        return cls(name, framing, reader, writer)

    @property
    def lost(self) -> bool:
        """Whether the device has closed it."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        """Close without waiting for the other end."""
        with suppress(OSError, RuntimeError):
            self._writer.close()

    async def ask(self, request: "ModbusPDU") -> "ModbusPDU":
        """Send a request and return its answer; answers to earlier ones are skipped."""
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction
        heard = b""
        try:
            self._writer.write(self._framer.buildFrame(request))
            await self._writer.drain()
            while True:
                heard += await self._more()
                answer, heard = self._answer(heard, request)
                if answer is not None:
                    return answer
        except ConnectionError:
            raise ConnectionError(f"{self._name} closed the connection; {ALONE}") from None

    async def _more(self) -> bytes:
        data = await self._reader.read(LARGEST_FRAME)
        if not data:
            raise ConnectionResetError
        return data

    def _answer(self, heard: bytes, request: "ModbusPDU") -> tuple["ModbusPDU | None", bytes]:
        """Find the answer in what was heard so far, and what is left to be completed."""
        from pymodbus.exceptions import ModbusException

        if self._framing == "tcp":
            heard = mended(heard)
            if any(heard[2:4]):  # the protocol id of Modbus is 0
                raise self._noise()
        try:
            used, answer = self._framer.handleFrame(heard, request.dev_id, self._transaction)
        except ModbusException:
            raise self._noise() from None
        if answer is None and ((self._framing == "rtu" and used) or len(heard) > LARGEST_FRAME):
            raise self._noise()  # a checksum failed, or bytes without end
        if answer is not None and answer.function_code & 0x7F != request.function_code:
            raise self._noise()
        return answer, heard[used:]

    def _noise(self) -> OSError:
        return OSError(f"{self._name} answered what is not Modbus {self._framing}; {GATEWAY}")


def mended(heard: bytes) -> bytes:
    """Give exceptions their right length: Venus E v3, D and A say 4 and send 3.

    An exception is always three bytes long, so nothing else is touched. Source: seen by Omnibattery
    and by Marstek Modbus Suite, firmware 147 to 150.
    """
    made, at = bytearray(heard), 0
    while len(made) >= at + 8:
        if made[at + 7] & 0x80:
            made[at + 4 : at + 6] = b"\0\3"
        at += 6 + int.from_bytes(made[at + 4 : at + 6])
    return bytes(made)


def _reason(error: OSError) -> str:
    """Say it as the system does; asyncio puts an address in its place."""
    return os.strerror(error.errno) if error.errno is not None and error.errno > 0 else str(error)


def _framer(framing: Framing) -> "FramerBase":
    from pymodbus.framer import FramerRTU, FramerSocket
    from pymodbus.pdu import DecodePDU

    return (FramerRTU if framing == "rtu" else FramerSocket)(DecodePDU(False))
