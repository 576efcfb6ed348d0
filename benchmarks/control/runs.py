"""Runs of a flow against a small plant, whose course is kept for the pictures."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from flowctl import Outlook
from flowctl.backtest.loop import ClosedLoop, quiet
from flowctl.backtest.makes import asks
from flowctl.backtest.truth import STEP
from flowctl.backtest.world import World
from flowctl.language.check import load

WARM = 300.0  # s of ordinary steps before a picture begins: timings are learned in them
ORDINARY = [(0.0, 200.0)] + [
    (30.0 + 20 * k, 200.0 + watts) for k, watts in enumerate([900, 0, 600, 1500, 300, 1200, 0] * 2)
]
"""A load that goes up and down, W from which second on."""


@dataclass
class Run:
    """What one flow made of one house."""

    seconds: float
    load: list[float]
    grid: list[float]
    powers: dict[str, list[float]]
    setpoints: dict[str, list[tuple[float, float]]]
    outlooks: list[tuple[float, Outlook]]

    def curve(self, samples: list[float], since: float) -> list[tuple[float, float]]:
        return [((k + 1) * STEP - since, watts) for k, watts in enumerate(samples)]

    def of(self, name: str, since: float) -> list[tuple[float, float]]:
        return self.curve(self.powers[name], since)

    def asked(self, name: str, since: float) -> list[tuple[float, float]]:
        return [(at - since, watts) for at, watts in self.setpoints[name]]

    def seen(self, what: Callable[[Outlook], float], since: float) -> list[tuple[float, float]]:
        return [(at - since, what(outlook)) for at, outlook in self.outlooks]

    def mean(self, begin: float, end: float) -> float:
        return fmean(map(abs, self.grid[int(begin / STEP) : int(end / STEP)]))


def run(flow: Path, plant: str, house: list[tuple[float, float]], seconds: float) -> Run:
    """Run a flow in closed loop and keep its course."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plant.yaml"
        file.write_text(plant, encoding="utf-8")
        world = World(file, house=[*house, (seconds + 60, house[-1][1])], seconds=seconds)
        graph = load(flow)
        twins = world.open(asks(graph))
        loop = ClosedLoop(graph, twins, world.starts(twins))
        outlooks: list[tuple[float, Outlook]] = []
        if "plan/response_predictor" in graph.steps:
            loop.engine.output("plan/response_predictor").listen(
                -1, lambda seen: outlooks.append((loop.clock.time(), seen))
            )
        with quiet(graph):
            loop.run(seconds)
    truth = loop.truth
    return Run(
        seconds,
        list(truth.load),
        list(truth.grid()),
        dict(zip(truth.names, map(list, truth.powers), strict=True)),
        {n: [(at, w or 0.0) for at, w in said] for n, said in loop.ends.commands.items()},
        outlooks,
    )


def shifted(house: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Let a house follow the ordinary steps."""
    return [*ORDINARY, (WARM - 10, house[0][1]), *((WARM + at, watts) for at, watts in house)]
