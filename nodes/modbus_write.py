"""Write one number to any Modbus device."""

import asyncio
import math
from typing import Annotated, Literal

from flowctl import Check, Ge, Gt, Latest, Le, Log, Quantity, Seconds, Together, UsualPort
from nodes._helpers.hosts import Host
from nodes._helpers.modbus import modbus
from nodes._helpers.registers import NumberType, WordOrder, check_end, encode


def check_scale(scale: float) -> None:
    """Make sure that a raw step is worth something."""
    if scale == 0:
        raise ValueError("scale is 0; a raw step must be worth something")


def sensible(register: int, type: NumberType, low: float | None, high: float | None) -> None:
    """Make sure that there is a number that can be written."""
    check_end(register, type)
    if low is not None and high is not None and low > high:
        raise ValueError("low is above high; exchange them")


async def modbus_write(
    values: Latest[Quantity],
    *,
    host: Annotated[Host, UsualPort("port"), "address of the device, or of the gateway before it"],
    register: Annotated[int, Ge(0), Le(65535), "wire address of its first register"],
    type: Annotated[NumberType, "how the number lies in its registers"] = "int16",
    scale: Annotated[
        float, Check(check_scale), "what one raw step is worth; -1 turns the sign"
    ] = 1.0,
    low: Annotated[Quantity | None, "a smaller value is not written"] = None,
    high: Annotated[Quantity | None, "a larger value is not written"] = None,
    every: Annotated[
        Seconds, Ge(0.02), "shortest time between two writes; it needs time to answer"
    ] = 1.0,
    refresh: Annotated[
        Seconds | None, Ge(0.02), "write an unchanged value again after this; it needs time"
    ] = None,
    words: Annotated[WordOrder, "whether the high (big) or the low (little) word comes first"] = (
        "big"
    ),
    port: Annotated[int, Ge(1), Le(65535), "TCP port, where the host has none"] = 502,
    device: Annotated[int, Ge(0), Le(255), "Modbus device (unit) id"] = 1,
    framing: Annotated[Literal["tcp", "rtu"], "Modbus TCP, or RTU frames over TCP"] = "tcp",
    gap: Annotated[Seconds, Ge(0), "pause the device needs between two requests"] = 0.05,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    log: Log,
) -> Annotated[None, Together(sensible)]:
    """Write `value / scale`, in the unit of the wire, with the sign the device wants.

    Beat: a value that changed the registers, at most one per `every`; the newest wins. Values out
    of range are logged once and not written. It gives nothing back when the flow stops: to steer a
    battery, use a device step.

    Raises:
        OSError: the device is away, silent, or refuses the value.

    Source: Modbus application protocol 1.1b3; the register comes from the device's own manual.
    """
    check_scale(scale)
    written: list[int] | None = None
    noted = False
    async with modbus(host, port, framing=framing, gap=gap, patience=patience) as link:
        async for value in values.or_every(refresh or math.inf):
            try:
                raw = written if value is None else _raw(value, scale, low, high, type, words)
            except ValueError as fault:
                log.odd += 1
                if not noted:
                    log.warning("%s register %s: %s; not written", link, register, fault)
                noted = True
                continue
            if raw is not None and (value is None or raw != written):
                await link.write(register, raw, device=device)
                written = raw
                await asyncio.sleep(every)


def _raw(
    value: float,
    scale: float,
    low: float | None,
    high: float | None,
    type: NumberType,
    words: WordOrder,
) -> list[int]:
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(f"{value:g} is out of range")
    return encode(value / scale, type, words)
