"""A house with Venus batteries on real sockets, and flows/mmbc.yaml running in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import exp
from pathlib import Path

from aiohttp import web

from nodes.sim.marstek_modbus_server import VenusServer, serve
from tests.brokers import free_port
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import until
from tests.nodes.web import website
from tests.systems.running import Startable

DEAD, LAG = 0.6, 0.4  # s
NEAR = 100.0  # W: a dead band, and what is still being learned
FLOW = Path(__file__).parents[2] / "flows" / "mmbc.yaml"
QUICK = {
    "interval": "200ms",
    "meter_every": "500ms",
    "poll": "300ms",
    "gap": "1ms",
    "lease": "1200ms",
    "dead_time": "1s",
}


@dataclass
class Venus:
    """A battery that does what it is told a little late, as real ones do."""

    soc: float
    capacity: float = 5120.0
    online: bool = True
    commands: list[float | None] = field(default_factory=list)
    _from: float = 0.0
    _to: float = 0.0
    _since: float = 0.0

    @property
    def power(self) -> float:
        gone = asyncio.get_running_loop().time() - self._since - DEAD
        left = 1.0 if gone < 0 else exp(-gone / LAG)
        return self._to + (self._from - self._to) * left

    def command(self, watts: float | None) -> None:
        self.commands.append(watts)
        if (watts or 0.0) != self._to:
            self._from, self._to = self.power, watts or 0.0
            self._since = asyncio.get_running_loop().time()


@dataclass(kw_only=True)
class Live(Startable):
    """What a test may do to the house, and see of it."""

    cells: list[Venus]
    venus: list[VenusServer]
    load: float = 800.0
    meter: str = "well"
    """Or `away`, or `nonsense`."""
    other: Peer | None = None

    @property
    def grid(self) -> float:
        return self.load - sum(cell.power for cell in self.cells)

    async def settles(self, *powers: float, near: float = NEAR) -> None:
        """Wait until the batteries do just that, W, + discharging."""
        pairs = list(zip(self.cells, powers, strict=True))
        await until(lambda: all(abs(cell.power - watts) < near for cell, watts in pairs), 40)

    async def balances(self) -> None:
        """Wait until the meter is at zero."""
        await until(lambda: abs(self.grid) < NEAR, 40)

    async def answers(self, topic: str, payload: str) -> None:
        """Wait until the newest message on a topic is this one."""
        await until(lambda: self.newest(topic) == payload, 40)

    def newest(self, topic: str) -> str | None:
        assert self.other
        heard = [payload for where, payload in self.other.kept + self.other.said if where == topic]
        return heard[-1].decode() if heard else None

    async def say(self, topic: str, payload: str) -> None:
        assert self.other
        await self.other.publish(topic, payload, qos=1)

    async def read(self, _: web.Request) -> web.StreamResponse:
        if self.meter == "away":
            return web.Response(status=503, text="busy")
        told = (
            {"smr_version": 50}
            if self.meter == "nonsense"
            else {"active_power_w": round(self.grid)}
        )
        return web.json_response(told)


@asynccontextmanager
async def house(broker_port: int, state: Path, *socs: float) -> AsyncIterator[Live]:
    """Run a house with as many batteries; the flow is started by the test."""
    cells = [Venus(soc=soc) for soc in socs]
    async with AsyncExitStack() as stack:
        venus = [
            await stack.enter_async_context(serve(cell, family="v2", device=number))
            for number, cell in enumerate(cells, 1)
        ]
        env = {"MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(broker_port)}
        env |= {"METRICS_PORT": str(free_port())}
        for number, one in enumerate(venus, 1):
            env[f"BATTERY_{number}_IP"] = "127.0.0.1"
            env[f"BATTERY_{number}_PORT"] = str(one.port)
            env[f"BATTERY_{number}_ADDRESS"] = str(number)
        live = Live(flow=FLOW, state=state, quick=QUICK, env=env, cells=cells, venus=venus)
        address = await stack.enter_async_context(website(live.read))
        live.env["P1_HOST"] = f"http://{address}"
        try:
            yield live
        finally:
            await live.aclose()


@asynccontextmanager
async def listening(live: Live, url: str) -> AsyncIterator[None]:
    """Somebody else on the broker, who hears all."""
    async with peer(url, "mmbc/#", "homeassistant/#") as live.other:
        yield
    await asyncio.sleep(0)
