"""A simulated bridge from an SMA meter to MQTT: one message per reading, by OBIS number."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flowctl import Seconds, ticks
from nodes.sim.guest import Guest, going, visiting
from nodes.sim.live_plant import LivePlant

LOOK = 0.1  # s between two looks for a new reading


@asynccontextmanager
async def serve(live: LivePlant, url: str, *, topic: str = "sma") -> AsyncIterator[None]:
    """Publish what the meter shows each time it shows something new.

    Source: OBIS 1-0:1.7.0 is what is imported, 1-0:2.7.0 what is fed in, W, one of them zero.
    """

    async def tell(guest: Guest) -> None:
        told: tuple[Seconds, float] | None = None
        async for _ in ticks(LOOK):
            plant = live.now()
            fresh = None if live.watts is None else (plant.gauge.taken, live.watts)
            if fresh and fresh != told:
                told = fresh
                await guest.say(topic, reading(fresh[1]))

    async with visiting(url) as guest, going(tell(guest)):
        yield


def reading(watts: float) -> str:
    """Write a reading, + import."""
    sides = {"1-0:1.7.0": max(0.0, watts), "1-0:2.7.0": max(0.0, 0.0 - watts)}
    return json.dumps({key: {"value": round(value), "unit": "W"} for key, value in sides.items()})
