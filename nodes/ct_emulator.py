"""Steer a battery as the CT002 or CT003 meter that it polls over UDP."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Latest,
    Le,
    Release,
    Seconds,
    Terms,
    WattHours,
    Watts,
)
from nodes._helpers.b2500_steered import Steered
from nodes._helpers.ct_frames import PORT, Meter
from nodes._helpers.hosts import Bare, Mac
from nodes._helpers.polled_meter import answering
from nodes._helpers.presence import Presence
from nodes._helpers.udp import EVERYWHERE, udp
from nodes._helpers.virtual_meter import VirtualMeter

TERMS = Terms(write_every=1.0)


async def ct_emulator(
    setpoint: Latest[Watts | Release],
    *,
    mac: Annotated[Mac, "Bluetooth MAC of the battery, as its app shows it: 12 digits"],
    meter_mac: Annotated[Mac, "MAC of this meter, if the battery was given one"] = "02b250000001",
    port: Annotated[int, Ge(1), Le(65535), "UDP port to be polled on"] = PORT,
    step: Annotated[
        Watts | None, Gt(0), "what the battery changes at a poll: a B2500 34W; null: all it sees"
    ] = 34.0,
    max_power: Annotated[Watts, Gt(0), "most it can give"] = 800.0,
    charge_power: Annotated[Watts, Ge(0), "most it can take; a B2500 nothing"] = 0.0,
    throttle: Annotated[Seconds, Ge(0), "polls that come sooner see nothing to change"] = 0.0,
    age: Annotated[Seconds, Ge(0), "how old its output is when it tells it"] = 1.0,
    patience: Annotated[Seconds, Gt(0), "silence that counts as offline"] = 30.0,
    capacity: Annotated[WattHours | None, Gt(0), "energy when full"] = None,
    listen: Annotated[Bare, "own address to listen on"] = EVERYWHERE,
    clock: Clock,
    terms: Terms = TERMS,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; out: its power at each poll, and acceptances.

    Each poll of the battery tells what it gives and is answered with what it is still to change,
    + import, whole watts, on its own phase and as if no other battery was there: any number of them
    can poll the same port, each is told apart by its MAC. Frames that are not sound, of other
    batteries or for other meters are not answered. The battery does not tell its charge this way.

    Nobody is answered before the first command and after release: what a battery does whose meter
    is gone, its firmware knows. With `release: zero` it is shown export as long as flowctl runs.

    Raises:
        OSError: another program has the port.

    Source: `_helpers/ct_frames.py`.
    """
    meter = VirtualMeter(step, age, throttle=throttle)
    presence = Presence(patience)
    unit = Steered(meter, (charge_power, max_power), terms, clock, presence=presence)
    ct = Meter(mac, meter_mac)
    async with udp(port, listen) as link:
        yield replace(unit.first(), capacity=capacity)
        told = answering(setpoint, unit, link, lambda polled: ct.understand(polled.data))
        async with aclosing(told) as batteries:
            async for record in batteries:
                yield record
