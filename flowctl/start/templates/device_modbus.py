"""Say here, in one line, which battery this steers: one with Modbus registers, over TCP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from flowctl import Battery, Ge, Gt, Latest, Le, Release, Seconds, Terms, Watts

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient

# Holding registers, by the manual of your battery. This one counts charging as positive.
CONTROL, OWN, REMOTE = 100, 0, 1  # who is in charge: the battery itself, or we
SETPOINT = 101  # W, signed
POWER = 110  # W, signed; the next one is the state of charge, 0.1 %
TERMS = Terms(write_every=1.0)  # s; what every device has, with defaults that suit this one


async def my_node(
    # A box of one with what the battery is to do. Limits, leases and dead bands are not your
    # concern: flowctl holds them for every device.
    setpoint: Latest[Watts | Release],
    *,
    # The settings: type, limits and one sentence; the flow file is checked by them.
    host: Annotated[str, "address of the battery, e.g. 192.168.1.40"],
    port: Annotated[int, Ge(1), Le(65535), "its TCP port"] = 502,
    device: Annotated[int, Ge(0), Le(255), "its Modbus device (unit) id"] = 1,
    poll: Annotated[Seconds, Gt(0), "time between two questions"] = 2.0,
    terms: Terms = TERMS,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out once per `poll`, and at once after each command.

    The first line is the summary of the page that `flowctl nodes my_node` shows. This battery
    counts charging as positive. Release gives it back to its own logic, and reads that back.

    Raises:
        OSError: it is away, or refuses. flowctl tells once, tries again, and tells its return.

    Source: say here where each register, scale and sign comes from.
    """
    ours = False
    async with connected(host, port, device) as link:
        try:
            async for command in setpoint.or_every(poll):
                if command is None:  # nothing new to do: ask how it is
                    yield await telemetry(link)
                elif isinstance(command, Release):  # give the battery back to itself
                    await link.write(CONTROL, OWN)
                    ours = False
                else:
                    ours = True
                    await link.write(SETPOINT, round(-command))
                    await link.write(CONTROL, REMOTE)
                    yield Battery(setpoint=command)  # at once: it has been accepted
        finally:
            if (
                ours
            ):  # however this ends, the battery is given back; one that was never taken is not
                with suppress(OSError):
                    await link.write(CONTROL, OWN)


async def telemetry(link: "Link") -> Battery:
    """Ask the battery how it is, and whether it still holds what it was told."""
    control, wanted = await link.read(CONTROL, 2)
    power, charge = await link.read(POWER, 2)
    return Battery(
        power=-float(power),
        soc=charge / 10,
        setpoint=-float(wanted) if control == REMOTE else None,
        self_regulating=control != REMOTE,
        online=True,
    )


@dataclass(frozen=True)
class Link:
    """A session with the battery. Whatever fails is an OSError, as flowctl wants it."""

    client: "AsyncModbusTcpClient"
    device: int
    name: str

    async def read(self, register: int, count: int) -> list[int]:
        """Read some registers, each a signed number of 16 bits."""
        answer = await self._ask(self.client.read_holding_registers, register, count=count)
        return [word - 65536 if word > 32767 else word for word in answer.registers]

    async def write(self, register: int, number: int) -> None:
        """Write one register, and read back that it is so."""
        word = number % 65536
        await self._ask(self.client.write_register, register, word)
        (held,) = await self.read(register, 1)
        if held % 65536 != word:
            raise OSError(f"{self.name} holds {held} in register {register}, not {number}")

    async def _ask(self, request: Callable[..., Awaitable[Any]], *given: int, **more: int) -> Any:
        """Wait for an answer. The errors of pymodbus are not OSErrors: here they become some."""
        from pymodbus import ModbusException

        try:
            answer = await request(*given, **more, device_id=self.device)
        except ModbusException as error:
            raise OSError(f"{self.name} does not answer: {error}") from None
        if answer.isError():
            raise OSError(f"{self.name} refuses: Modbus exception {answer.exception_code}")
        return answer


@asynccontextmanager
async def connected(host: str, port: int, device: int) -> AsyncIterator[Link]:
    """Open a session; the library is imported only now, so that `flowctl check` stays quick."""
    import logging

    from pymodbus.client import AsyncModbusTcpClient

    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # flowctl tells what is wrong
    client = AsyncModbusTcpClient(host, port=port, timeout=2, retries=1, reconnect_delay=0)
    try:
        if not await client.connect():
            cure = "is it on, and its address right?"
            raise OSError(f"{host}:{port} does not accept connections; {cure}")
        yield Link(client, device, f"{host}:{port}")
    finally:
        client.close()
