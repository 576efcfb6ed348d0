"""Read one number from any Modbus device."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from flowctl import Ge, Gt, Le, Log, Seconds, Together, UnitFrom, UsualPort, ticks
from nodes._helpers.hosts import Host
from nodes._helpers.modbus import modbus
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.registers import NumberType, WordOrder, check_end, decode, width


async def modbus_read(
    *,
    host: Annotated[Host, UsualPort("port"), "address of the device, or of the gateway before it"],
    register: Annotated[int, Ge(0), Le(65535), "wire address of its first register"],
    unit: Annotated[str, "unit of the number after scaling, e.g. W"],
    type: Annotated[NumberType, "how the number lies in its registers"] = "int16",
    scale: Annotated[float, "what the raw number is multiplied by; -1 turns its sign"] = 1.0,
    every: Annotated[Seconds, Ge(0.02), "time between two readings; it needs time to answer"] = 1.0,
    table: Annotated[Literal["holding", "input"], "read holding (3) or input (4) registers"] = (
        "holding"
    ),
    words: Annotated[WordOrder, "whether the high (big) or the low (little) word comes first"] = (
        "big"
    ),
    port: Annotated[int, Ge(1), Le(65535), "TCP port, where the host has none"] = 502,
    device: Annotated[int, Ge(0), Le(255), "Modbus device (unit) id"] = 1,
    framing: Annotated[Literal["tcp", "rtu"], "Modbus TCP, or RTU frames over TCP"] = "tcp",
    gap: Annotated[Seconds, Ge(0), "pause the device needs between two requests"] = 0.05,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    log: Log,
) -> Annotated[AsyncIterator[float], UnitFrom("unit"), Together(check_end)]:
    """Yield `raw * scale` in `unit`, with the sign the device gives it.

    Beat: one per `every`. Silence: while the device is away, or its number is a NaN. All steps that
    read the same host and port share one paced session.

    Raises:
        OSError: the device is away, silent, or has no such register.

    Source: Modbus application protocol 1.1b3; the register comes from the device's own manual.
    """
    async with modbus(host, port, framing=framing, gap=gap, patience=patience) as link:
        nonsense = Nonsense(log, f"{link} register {register}")
        async for _ in ticks(every):
            raw = await link.read(register, width(type), device=device, table=table)
            try:
                number = decode(raw, type, words) * scale
            except ValueError as fault:
                nonsense.heard(fault)
                continue
            nonsense.over()
            yield number
