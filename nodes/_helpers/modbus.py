"""A Modbus device by its address: one paced session, shared by all steps that talk to it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from flowctl import shared
from nodes._helpers.hosts import number_of
from nodes._helpers.modbus_session import Framing, Session
from nodes._helpers.refused import RefusedError

if TYPE_CHECKING:
    from pymodbus.pdu import ModbusPDU

Table = Literal["holding", "input"]

LARGEST_READ = 32  # registers; Venus D fw 149.2 leaves longer reads unanswered (Modbus Suite)
FAULTS = {  # Source: Modbus application protocol 1.1b3, section 7
    1: "does not know this function",
    2: "has no such register",
    3: "refuses the value or the size",
    4: "failed to do it",
    5: "is still at it",
    6: "is busy",
    10: "cannot be reached by its gateway",
    11: "does not answer its gateway; is the device id right?",
}

_closed_at: dict[tuple[str, int], float] = {}  # s of the loop: a slot is not free at once


@asynccontextmanager
async def modbus(
    host: str,
    port: int = 502,
    *,
    framing: Framing = "tcp",
    gap: float = 0.0,
    patience: float = 12.0,
    rest: float = 1.0,
) -> AsyncIterator["ModbusLink"]:
    """Join the session with a device. Whoever asks for the longest times sets them for all.

    `gap` is the pause after each answer, `patience` the longest wait for one, `rest` the pause
    between closing a session and opening the next. A host may carry its port: `192.168.1.20:502`.
    Two names of one host are one session: many devices take no second.
    """
    host, port = place(host, port)
    key = ("modbus", await number_of(host), port)
    async with shared(key, lambda: _open(host, port, framing)) as link:
        if link.framing != framing:
            raise ValueError(f"{link} is in use with `framing: {link.framing}`; give all the same")
        link.gap, link.rest = max(link.gap, gap), max(link.rest, rest)
        link.patience = max(link.patience, patience)
        yield link


def place(host: str, port: int) -> tuple[str, int]:
    """Take a port off the end of a host (`10.0.0.5:1502`, `[fd00::5]:1502`); it wins."""
    name, _, number = host.rpartition(":")
    if number.isdigit() and (":" not in name or name.endswith("]")):
        host, port = name, int(number)
    return host.strip("[]"), port


@asynccontextmanager
async def _open(host: str, port: int, framing: Framing) -> AsyncIterator["ModbusLink"]:
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it dumps frames at every error
    link = ModbusLink(host, port, framing)
    try:
        yield link
    finally:
        await link.close()


class ModbusLink:
    """Asks one thing at a time, and opens a session when there is none.

    What goes wrong is an OSError that names the address and a cure, and ends the session; a
    device's own "no" is a `RefusedError`.
    """

    def __init__(self, host: str, port: int, framing: Framing) -> None:
        self.framing = framing
        self.gap = self.patience = self.rest = 0.0
        self.sessions = 0
        """How many sessions were opened: after a new one the device may have forgotten."""
        self._host, self._port = host, port
        self._session: Session | None = None
        self._turn = asyncio.Lock()
        self._asking: set[asyncio.Task[ModbusPDU]] = set()
        self._free_at = 0.0

    def __str__(self) -> str:
        return f"{self._host}:{self._port}"

    async def read(
        self, register: int, count: int = 1, *, device: int = 1, table: Table = "holding"
    ) -> list[int]:
        """Read registers in one request; their numbers are wire addresses."""
        from pymodbus.pdu import register_message as messages

        if count > LARGEST_READ:
            raise ValueError(f"{count} registers are too many for one read of {LARGEST_READ}")
        make = (
            messages.ReadHoldingRegistersRequest
            if table == "holding"
            else messages.ReadInputRegistersRequest
        )
        answer = await self._ask(make(dev_id=device, address=register, count=count))
        if len(answer.registers) != count:
            raise OSError(f"{self} gave {len(answer.registers)} registers for {count}")
        return list(answer.registers)

    async def write(self, register: int, words: Sequence[int], *, device: int = 1) -> None:
        """Write one register, or several in one request."""
        from pymodbus.pdu import register_message as messages

        make = (
            messages.WriteSingleRegisterRequest
            if len(words) == 1
            else messages.WriteMultipleRegistersRequest
        )
        await self._ask(make(dev_id=device, address=register, registers=list(words)))

    async def renew(self) -> None:
        """End the session, so that the next request opens a fresh one."""
        async with self._turn:
            self._drop()

    async def close(self) -> None:
        """End it all; nobody is left who waits for an answer."""
        asking = list(self._asking)
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        self._drop()

    async def _ask(self, request: "ModbusPDU") -> "ModbusPDU":
        """Ask in a task of its own: who stops waiting leaves no half-read answer behind."""
        task = asyncio.ensure_future(self._exchange(request))
        self._asking.add(task)
        task.add_done_callback(self._asked)
        await asyncio.wait({task})
        answer = task.result()
        if answer.isError():
            code = answer.exception_code
            fault = f"{self} {FAULTS.get(code, 'refuses')}"
            raise RefusedError(f"{fault} (register {request.address}, exception {code})", code)
        return answer

    def _asked(self, task: "asyncio.Task[ModbusPDU]") -> None:
        self._asking.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for its asker may have gone

    async def _exchange(self, request: "ModbusPDU") -> "ModbusPDU":
        async with self._turn:
            session, answer = await self._connected(), None
            await _until(self._free_at)
            try:
                async with asyncio.timeout(self.patience):
                    answer = await session.ask(request)
                return answer
            except TimeoutError:
                cure = "is it busy or off, or is the device id another?"
                told = f"{self} gave no answer in {self.patience:g}s; {cure}"
                raise TimeoutError(told) from None
            finally:
                self._free_at = _now() + self.gap
                if answer is None:
                    self._drop()

    async def _connected(self) -> Session:
        if self._session is not None and self._session.lost:
            self._drop()
        if self._session is None:
            await _until(_closed_at.get((self._host, self._port), -self.rest) + self.rest)
            self._session = await Session.open(self._host, self._port, self.framing, self.patience)
            self.sessions += 1
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
            _closed_at[self._host, self._port] = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _until(time: float) -> None:
    if (wait := time - _now()) > 0:
        await asyncio.sleep(wait)
