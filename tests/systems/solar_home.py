"""A house of the solar balancer in virtual time: the flow on the bench, its world beside it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flowctl import Battery, Store
from flowctl.testing import Bench
from nodes._helpers.curve import read_curve
from nodes._helpers.variator import Variator
from nodes.sim.solar_house import Radiator, SolarHouse, WaterHeater

FLOW = Path(__file__).parents[2] / "flows" / "solar-balancer.yaml"
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)  # 12:00 in Paris
TICK = 0.1  # s
VARIATOR = Variator(read_curve(FLOW.parent / "power_calibration_ecs.csv", 4.0), 101.0, 4.0)
ECS = Battery(
    setpoint=0.0, online=True, max_charge=VARIATOR.curve.most, max_discharge=0.0, min_power=101.0
)
RESILLE = Battery(setpoint=0.0, online=True, max_charge=596.0, max_discharge=0.0, min_power=596.0)


class Home:
    """Base load, roof, a heater and a radiator; meters that are late and never in step."""

    def __init__(
        self,
        sun: float | Callable[[float], float] = 1500.0,
        base: float | Callable[[float], float] = 300.0,
        *,
        flow: str | Path = FLOW,
        start: datetime = NOON,
        stores: Callable[[str], Store] | None = None,
        meter_delay: float = 0.5,
        **sets: str,
    ) -> None:
        self.bench = Bench(flow, start=start, sets=sets, env={}, stores=stores)
        self.heater, self.radiator = WaterHeater(), Radiator()
        self.house = SolarHouse(
            base=_trace(base),
            sun=_trace(sun),
            loads={"ecs": self.heater, "resille": self.radiator},
        )
        self.silent: set[str] = set()
        """Meters that say nothing."""
        self.delay, self.lag = meter_delay, 0.3
        self._coming: list[tuple[float, str, float]] = []
        self._taken = {"ecs": 0, "resille": 0}
        self.grid: list[tuple[float, float]] = []
        self.bench.say("ecs", ECS)
        self.bench.say("resille", RESILLE)

    @property
    def drawn(self) -> tuple[float, float]:
        """What heater and radiator draw now, W."""
        return round(self.heater.draws(), -1), round(self.radiator.draws(), -1)

    def run(self, seconds: float) -> "Home":
        """Let time pass."""
        end = round((self.bench.time + seconds) / TICK)
        for tick in range(round(self.bench.time / TICK), end):
            self._meter(tick)
            self.bench.advance((tick + 1) * TICK - self.bench.time)
            self._obey()
            self.house.advance(self.bench.time)
            if tick % 10 == 0:
                self.grid.append((self.bench.time, self.house.grid()))
        return self

    def told(self, load: str) -> list[float]:
        """Watts that a load was told, in order; a release counts as 0."""
        return [-(watts or 0.0) + 0.0 for _, watts in self.bench.heard(load)]

    def published(self, load: str = "ecs") -> list[str]:
        """What went out on the topic of the variator."""
        return [VARIATOR.payload(watts).decode() for watts in self.told(load)]

    @property
    def status(self) -> Mapping[str, Any]:
        """The newest status."""
        return self.bench.heard("status")[-1][1]

    def equipment(self, name: str) -> Mapping[str, Any]:
        """The newest status of a load."""
        return next(load for load in self.status["equipments"] if load["name"] == name)

    def force(self, name: str, **more: Any) -> None:
        """Somebody forces a load."""
        self.bench.say("force", {"command": "force", "name": name, **more})

    def _meter(self, tick: int) -> None:
        now, house = tick * TICK, self.house
        readings = (
            ("consumption", 20, 0, house.consumption),
            ("production", 21, 9, house.production),
            ("ecs_power", 20, 13, self.heater.draws),
        )
        for name, every, phase, watts in readings:
            if tick % every == phase and name not in self.silent:
                self._coming.append((now + self.delay, name, float(round(watts()))))
        while self._coming and self._coming[0][0] <= now + 1e-9:
            _, name, watts_said = self._coming.pop(0)
            self.bench.say(name, watts_said)

    def _obey(self) -> None:
        for name in self._taken:
            heard = self.bench.heard(name)
            while (
                self._taken[name] < len(heard)
                and heard[self._taken[name]][0] <= self.bench.time - self.lag
            ):
                watts = -(heard[self._taken[name]][1] or 0.0)
                self._taken[name] += 1
                if name == "ecs":
                    self.heater.percent = VARIATOR.percent(watts)
                else:
                    self.radiator.is_on = watts > 0


def _trace(value: float | Callable[[float], float]) -> Callable[[float], float]:
    return value if callable(value) else lambda _: value


def uncommented(*names: str) -> str:
    """The flow with dormant streams of it awake, and named wherever loads are named."""
    lines = FLOW.read_text().split("\n")
    awake = False
    made = []
    for line in lines:
        bare = line.removeprefix("  # ")
        if line.startswith("  # ") and bare.partition(":")[0] in names:
            awake = True
        elif awake and not line.startswith("  #   "):
            awake = line.startswith("  # ") and bare.partition(":")[0] in names
        made.append("  " + bare if awake else line)
    text = "\n".join(made)
    loads = [name for name in names if f"plan.{name}" in text]
    return text.replace("[ecs, resille]", f"[{', '.join(['ecs', 'resille', *loads])}]")
