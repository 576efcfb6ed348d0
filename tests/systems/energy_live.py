"""A house with Venus batteries on UDP sockets, and flows/home-energy.yaml running in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from nodes.sim.marstek_udp_server import UdpVenus, serve
from tests.nodes.streams import until
from tests.nodes.web import website
from tests.systems.running import Startable

BEAT, GAIN, QUICKNESS = 0.05, 0.3, 0.5  # s; how a battery in Auto, and one that is told, moves
NEAR = 120.0  # W
FLOW = Path(__file__).parents[2] / "flows" / "home-energy.yaml"
QUICK = {
    "meter_every": "500ms",
    "poll": "200ms",
    "timeout": "200ms",
    "lease": "1200ms",
    "over": "800ms",
    "pace": "6kW/s",
    "every": "1s",
    "settle": "3s",
    "report": "1s",
    "local_port": "0",
}


@dataclass
class Venus:
    """A battery that follows the meter of its house unless it is told something else."""

    soc: float
    capacity: float = 5120.0
    online: bool = True
    power: float = 0.0
    told: float | None = None
    most: float = 2500.0

    def command(self, watts: float | None) -> None:
        self.told = watts


@dataclass(kw_only=True)
class Live(Startable):
    """What a test may do to the house, and see of it."""

    cells: list[Venus]
    venus: list[UdpVenus]
    load: float = 300.0
    meter: str = "well"
    """Or `refuses`, `nonsense`, `silent`."""
    commands: list[list[Any]] = field(default_factory=list)
    """What each battery was told by ES.SetMode, as it came."""

    @property
    def grid(self) -> float:
        return self.load - sum(cell.power for cell in self.cells)

    @property
    def modes(self) -> str:
        return "".join(venus.mode[0] for venus in self.venus)

    async def stands(self, modes: str, seconds: float = 40) -> None:
        """Wait until the batteries are in these modes: A(uto), P(assive), M(anual)."""
        await until(lambda: self.modes == modes, seconds)

    async def gives(self, number: int, watts: float) -> None:
        """Wait until one battery does about this, W, + discharging."""
        await until(lambda: abs(self.cells[number].power - watts) < 2 * NEAR, 40)

    async def balances(self) -> None:
        """Wait until the meter stays at zero."""
        for _ in range(3):
            await until(lambda: abs(self.grid) < NEAR, 40)
            await asyncio.sleep(0.1)

    async def live(self) -> None:
        """Move the batteries, for ever."""
        while True:
            await asyncio.sleep(BEAT)
            own = [cell for cell in self.cells if cell.told is None]
            step = GAIN * self.grid / max(1, len(own))
            for cell in self.cells:
                moved = step if cell.told is None else QUICKNESS * (cell.told - cell.power)
                cell.power = max(-cell.most, min(cell.most, cell.power + moved))

    async def read(self, _: web.Request) -> web.StreamResponse:
        if self.meter == "refuses":
            return web.Response(status=500, text="busy")
        while self.meter == "silent":  # noqa: ASYNC110 - a test sets it
            await asyncio.sleep(BEAT)
        told = {"smr_version": 50} if self.meter == "nonsense" else self.told()
        return web.json_response(told)

    def told(self) -> dict[str, Any]:
        return {"smr_version": 50, "active_power_w": round(self.grid)}


@asynccontextmanager
async def house(state: Path, *socs: float) -> AsyncIterator[Live]:
    """Run a house with as many batteries; the flow is started by the test."""
    cells = [Venus(soc=soc) for soc in socs]
    async with AsyncExitStack() as stack:
        venus = [await stack.enter_async_context(serve(cell)) for cell in cells]
        live = Live(
            flow=FLOW, state=state, quick=QUICK, cells=cells, venus=venus,
            commands=[[] for _ in cells],
        )  # fmt: skip
        for number, one in enumerate(venus):
            live.env[f"BATTERY_{number + 1}_IP"] = f"127.0.0.1:{one.port}"
            _note(one, live.commands[number])
        live.env["P1_HOST"] = await stack.enter_async_context(website(live.read))
        moving = asyncio.create_task(live.live())
        try:
            yield live
        finally:
            await live.aclose()
            moving.cancel()
            with suppress(asyncio.CancelledError):
                await moving


def _note(venus: UdpVenus, into: list[Any]) -> None:
    obey = venus.battery.set_mode

    def set_mode(params: Any) -> None:
        into.append(params["config"])
        obey(params)

    venus.battery.set_mode = set_mode  # type: ignore[method-assign]
