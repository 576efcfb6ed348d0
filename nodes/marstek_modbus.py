"""Steer a Marstek Venus battery over Modbus."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Literal

from flowctl import (
    Battery,
    Ge,
    Gt,
    Latest,
    Le,
    Log,
    Release,
    Seconds,
    Store,
    Terms,
    UsualPort,
    Watts,
)
from nodes._helpers.hosts import MaybeHost
from nodes._helpers.marstek import Told
from nodes._helpers.marstek_families import REMOTE, WORK
from nodes._helpers.modbus import modbus
from nodes._helpers.venus_control import Control
from nodes._helpers.venus_telemetry import Telemetry, meet

TERMS = Terms(write_every=1.0)  # s; gentle to a session that takes 215 ms a request


async def marstek_modbus(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[
        MaybeHost,
        UsualPort("port"),
        "address of the battery's LAN port, or of the RS485 gateway before it; empty: none",
    ],
    port: Annotated[int, Ge(1), Le(65535), "TCP port, where the host has none"] = 502,
    family: Annotated[
        Literal["auto", "v1", "v2", "c", "v3", "d", "a"],
        "Venus E v1, E v2, C, E v3, D or A; auto asks the battery",
    ] = "auto",
    poll: Annotated[
        Seconds, Ge(0.1), "time between two power readings; it needs time to answer"
    ] = 1.0,
    device: Annotated[int, Ge(1), Le(255), "Modbus device (unit) id"] = 1,
    framing: Annotated[Literal["tcp", "rtu"], "Modbus TCP, or RTU frames over TCP"] = "tcp",
    gap: Annotated[Seconds, Ge(0), "pause between two requests; a gateway does with 50ms"] = 0.15,
    patience: Annotated[Seconds, Gt(0), "longest wait for an answer; it may stall for 10s"] = 12.0,
    rest: Annotated[Seconds, Ge(0), "wait until it takes a new session after one closed"] = 1.5,
    settle: Annotated[Seconds, Gt(0), "how long a read-back may lag behind a write"] = 1.0,
    reassert: Annotated[Seconds, Gt(0), "remote control is taken again after this"] = 30.0,
    store: Store,
    log: Log,
    terms: Terms = TERMS,
) -> AsyncIterator[Battery]:
    """Write watts (+ discharging) as mode and power registers; yield what the battery tells.

    The device's own signs: AC power + discharging, battery power + charging, setpoints unsigned.
    Beat: one record at once after each accepted setpoint, and one per `poll` with the power and one
    thing more: state of charge, energy, temperature, limits, panels of D and A, or a look at
    whether control and setpoint still stand. `setpoint` is told in a poll only where the battery
    holds another than it was told.

    Control (42000) is taken with the first setpoint, taken again every `reassert` and when the
    battery fell back, on a fresh session when it does not stick. Release gives the battery back to
    its own logic and reads that back; with `release: zero` it stays in remote control at 0 W. A
    battery that takes orders for half a minute and stays in standby, as some v3 do after a full
    charge, is woken: control off for a second, and on; each further time twice as late. The EEPROM
    registers (43000 and above) are never written.

    With `on_override: yield` the powers are read back before each write, which takes a request more
    each time. A charge or discharge that somebody else has forced then stays in force with remote
    control: nothing of ours is in it, and to end it is up to him.

    Raises:
        OSError: the battery is away, refuses, or does not keep or give back remote control.

    Source: `_helpers/marstek.py`; control order and release as PLD and Omnibattery do; 150 ms, one
    session, 4 to 10 s stalls: Marstek Modbus Suite on firmware 149 and 150.
    """
    telemetry: Telemetry | None = None
    if not host:  # a place kept for a battery that may come
        yield Battery(online=False)
        async for _ in setpoint:
            pass
        return
    async with modbus(host, port, framing=framing, gap=gap, patience=patience, rest=rest) as link:
        control = Control(link, device, settle, reassert, terms=terms, store=store, log=log)
        async with control.borrowing():
            async for command in setpoint.or_every(poll):
                if isinstance(command, Release):  # first, for it may be all there is time for
                    yield await control.release()
                    continue
                if telemetry is None:
                    telemetry = await meet(link, device, family, log)
                    control.limit = telemetry.limit
                    first = _record(await telemetry.all(), control)
                    yield replace(first, write_every=terms.write_every)
                elif command is None:
                    told = await control.check(poll)
                    more = await telemetry.next() if told is None else told
                    now = await telemetry.power() | more
                    yield _record(dict(now), control)
                    await control.watch(now, poll)
                async for accepted in _commanded(control, setpoint, command):
                    yield accepted


async def _commanded(
    control: Control, setpoint: Latest[Watts | Release], command: Watts | None
) -> AsyncIterator[Battery]:
    """Tell it a setpoint, unless it is let go of for what somebody else was found to have set."""
    if command is None:
        return
    if other := await control.met():
        yield _record(other, control)
    if not setpoint.waiting:
        yield await control.command(command)


def _record(told: Told, control: Control) -> Battery:
    if (mode := told.get("mode")) in WORK.values():
        told["self_regulating"] = not control.held and mode != "manual"
        told["mode"] = REMOTE if control.held else mode
    return Battery(online=True, **told)
