"""A simulated B2500 with an ESP beside it, and the b2500-meter that it polls: all over MQTT."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

from flowctl import Seconds, ticks
from nodes.sim.b2500 import B2500
from nodes.sim.guest import Guest, going, visiting
from nodes.sim.unit import Unit


class Meter:
    """b2500-meter: it serves what it heard last, for ever, at most once per throttle."""

    def __init__(self, throttle: Seconds) -> None:
        self._throttle, self._served = throttle, float("-inf")
        self.reading: float | None = None

    def heard(self, _topic: str, payload: bytes) -> None:
        """Take a reading; what is none is as if it had not come."""
        with suppress(ValueError):
            self.reading = float(payload)

    async def read(self) -> float | None:
        """Answer a poll, late if the last was just before."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._served + self._throttle - loop.time()))
        self._served = loop.time()
        return self.reading


@asynccontextmanager
async def serve(
    unit: Unit,
    url: str,
    number: int = 1,
    *,
    poll: Seconds = 1.0,
    throttle: Seconds = 0.0,
    every: Seconds = 5.0,
    untold: Collection[str] = (),
) -> AsyncIterator[B2500]:
    """Be storage `number` of a house, as system and topics of B2500 Load Distributor have it.

    What is `untold` its ESP does not publish.

    Source: tomquist/b2500-meter (MQTT input, throttle that sleeps in the answer, a cached value
    served for ever); tomquist/esphome-b2500 (topics; the flag is retained, the rest is not).
    """
    storage, meter, prefix = B2500(unit), Meter(throttle), f"b2500/{number}"

    async def follow() -> None:
        async for _ in ticks(poll):
            reading = await meter.read()
            if unit.online:
                storage.follow(reading)

    async def tell(guest: Guest) -> None:
        await guest.online.wait()
        async for _ in ticks(every):
            said = "ON" if unit.online else "OFF"
            await guest.say(f"{prefix}/smartmeter/connected", said, retain=True)
            if unit.online and "soc" not in untold:
                await guest.say(f"{prefix}/battery/remaining_percent", f"{unit.soc:.0f}")
            if unit.online and "power" not in untold:
                await guest.say(f"{prefix}/power/power", f"{max(0.0, unit.power):.0f}")

    async with (
        visiting(url, meter.heard, f"sma/net_power/{number}") as guest,
        going(follow(), tell(guest)),
    ):
        yield storage
