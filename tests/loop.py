"""The plan pipe of flows/home.yaml in closed loop with the plant, in virtual time."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowctl import Battery
from flowctl.testing import Bench
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.trace import Trace

HOME = (Path(__file__).parents[1] / "flows" / "home.yaml").read_text(encoding="utf-8")
STEP = 0.1  # s


LAW = '    - rebalance: {reserve: "${reserve}"}\n'


def flow(names: list[str], law: str = LAW, more: str = "") -> str:
    """home.yaml's vars, meter and plan, with one device stream per battery of the plant.

    `law` stands where rebalance stands, `more` are further streams.
    """
    head, streams = HOME.split("streams:\n")
    pipes = re.split(r"(?m)^(?=  \w+:)", streams)
    kept = "".join(pipe for pipe in pipes if pipe.startswith(("  meter:", "  plan:")))
    plan = re.sub(r"batteries: \[[^\]]*\]", f"batteries: [{', '.join(names)}]", kept)
    assert LAW in plan
    plan = plan.replace(LAW, law)
    devices = [
        f"  {name}:\n    - from: plan.{name}\n    - marstek_modbus: {{host: {name}}}\n"
        for name in names
    ]
    return f"{head}streams:\n{plan}\n{''.join(devices)}{more}"


@dataclass
class Loop:
    """A house on the bench: what the grid did, and what each battery was told."""

    plant: Plant
    bench: Bench
    grid: list[tuple[float, float]] = field(default_factory=list)
    powers: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)
    beside: Callable[[float], Mapping[str, Any]] = lambda _second: {}
    """What further sources say each second."""

    @classmethod
    def of(
        cls,
        folder: Path,
        text: str,
        load: list[tuple[float, float]],
        law: str = LAW,
        more: str = "",
        **options: Any,
    ) -> "Loop":
        """Make a loop of the text of a plant file and a house load of (second, W) steps."""
        file = folder / "plant.yaml"
        file.write_text(text)
        times, watts = zip(*load, strict=True)
        plant = Plant(read_plant(file), house=Trace(times, watts, length=1e9))
        bench = Bench(flow(list(plant.batteries), law, more))
        loop = cls(plant, bench, read=dict.fromkeys(plant.batteries, 0), **options)
        for name, battery in plant.batteries.items():
            setup = battery.setup
            bench.say(
                name,
                Battery(
                    capacity=setup.capacity,
                    max_charge=setup.max_charge,
                    max_discharge=setup.max_discharge,
                    min_power=setup.min_power,
                ),
            )
        return loop

    def until(self, end: float) -> None:
        """Let the house live until a second."""
        while self.bench.time < end - STEP / 2:
            now = round(self.bench.time + STEP, 6)
            self.plant.advance(now)
            self.bench.advance(now - self.bench.time)
            if round(now / STEP) % 10 == 0:
                for name, value in self.beside(now).items():
                    self.bench.say(name, value)
            for _, watts in self.plant.meter():
                self.bench.say("meter", watts)
            for _, name, record in self.plant.told():
                if record.power is not None:
                    told = Battery(power=record.power, soc=record.soc, pv_power=record.pv_power)
                    self.bench.say(name, told)
            self._obey()
            self.grid.append((now, self.plant.grid(now)))
            powers = {name: unit.true_power(now) for name, unit in self.plant.batteries.items()}
            self.powers.append((now, powers))

    def mean_grid(self, start: float, end: float) -> float:
        """Mean of |grid| between two seconds, W."""
        part = [abs(watts) for second, watts in self.grid if start <= second < end]
        return sum(part) / len(part)

    def mean_power(self, name: str, start: float, end: float) -> float:
        """Mean power of a battery between two seconds, W, + discharging."""
        part = [powers[name] for second, powers in self.powers if start <= second < end]
        return sum(part) / len(part)

    def written(self, name: str, start: float, end: float) -> list[float | None]:
        """What a battery was told between two seconds."""
        return [watts for second, watts in self.bench.heard(name) if start <= second < end]

    def _obey(self) -> None:
        for name, battery in self.plant.batteries.items():
            heard = self.bench.heard(name)
            for _, watts in heard[self.read[name] :]:
                battery.command(watts)
            self.read[name] = len(heard)
