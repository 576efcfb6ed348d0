"""A simulated bridge from an SMA meter to MQTT: one message per reading, by OBIS number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flowctl import Seconds, ticks
from nodes.sim.guest import Guest, going, visiting
from nodes.sim.live_plant import LivePlant
from nodes.sim.obis import reading

LOOK = 0.1  # s between two looks for a new reading


@asynccontextmanager
async def serve(live: LivePlant, url: str, *, topic: str = "sma") -> AsyncIterator[None]:
    """Publish what the meter shows each time it shows something new."""

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
