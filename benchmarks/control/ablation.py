"""What each number of the control law is worth: change one, run the same evenings, compare.

    python benchmarks/control/ablation.py                 (all, some minutes)
    python benchmarks/control/ablation.py "delta 0 s"     (some)

Four evenings of an hour with two batteries; an hour of steps of which one battery gives 300 W at
most, half of the time; and an hour of steps with a quick small and a slow large one. Prints mean
|grid| and writes, both relative to the law as it stands. Differences under two percent are chance.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import exp, log
from pathlib import Path
from pkgutil import resolve_name
from random import Random
from statistics import fmean
from typing import Any

from flowctl.backtest.candidates import Candidate
from flowctl.backtest.trial import Setting, try_out
from flowctl.backtest.world import World

ROOT = Path(__file__).parents[2]
HOME = ROOT / "flows/home.yaml"
PLANT = ROOT / "flows/plants/two-batteries.yaml"
QUICK_AND_SLOW = """
house: {noise: 0W}
meter: {kind: dsmr5}
left: {kind: hybrid, max_charge: 1kW, max_discharge: 1kW}
right: {kind: cloud, max_charge: 2.5kW, max_discharge: 2.5kW}
"""
SHORT = """
house: {noise: 0W}
meter: {kind: dsmr5}
left: {kind: wired}
right: {kind: udp, faults: [{after: 5m, lasts: 5m, every: 10m, cap: 300W}]}
"""
HOUR, WARM = 3600.0, 240.0  # s
Changes = Mapping[str, Any]

VARIANTS: dict[str, Changes] = {
    "nothing is in flight": {
        "knowing.belief.Belief.shows": lambda self, _at: self.expected,
        "knowing.belief.Belief.may_show": lambda self, _at, _delta: (self.expected, self.expected),
    },
    "delta 0 s": {"seeing.observer.DELTA_LEAST": 0.0, "seeing.observer.DELTA_MOST": 0.0},
    "delta 2 s": {"seeing.observer.DELTA_LEAST": 2.0},
    "no learning of timings": {"knowing.learning.STEP": 1e9, "knowing.bank.WEIGHT": 0.0},
    "no learning of timings, delta 0 s": {
        "knowing.learning.STEP": 1e9, "knowing.bank.WEIGHT": 0.0,
        "seeing.observer.DELTA_LEAST": 0.0, "seeing.observer.DELTA_MOST": 0.0,
    },
    "timings by the meter alone": {"knowing.bank.WEIGHT": 0.0},
    "newest load only": {"seeing.forecast.ADVANTAGE": 0.0},
    "share 0 W (always all)": {"plan/rebalance.share": "0W"},
    "share 1 kW": {"plan/rebalance.share": "1kW"},
    "share 2.5 kW": {"plan/rebalance.share": "2.5kW"},
    "hold 0 s": {"plan/rebalance.least_on": "0s"},
    "retry after 60 s": {"knowing.ceiling.RETRY": 60.0},
    "retry after 300 s": {"knowing.ceiling.RETRY": 300.0},
    "no ceilings": {"knowing.witness.SHORT_TWICE": 10**9, "knowing.witness.SHORT_NOTHING": 10**9},
    "no head-room": {"sharing.allocation.HEADROOM": 1.0},
    "no cover": {"sharing.step.covered": lambda *_, **__: {}},
    "no word between readings": {"response_predictor.EVERY": 1e9},
    "first guess 2.5 s": {"plan/response_predictor.dead_time": "2.5s"},
    "first guess 5 s": {"plan/response_predictor.dead_time": "5s"},
    "dead band 15 W": {"left/marstek_modbus.deadband": "15W", "right/marstek_udp.deadband": "15W"},
    "dead band 40 W": {"left/marstek_modbus.deadband": "40W", "right/marstek_udp.deadband": "40W"},
}  # fmt: skip


def worlds(folder: Path) -> list[World]:
    """Make the evenings, and the hour of steps."""
    evenings = [World(PLANT, seed=k, seconds=HOUR, warm_up=WARM) for k in range(1, 5)]
    random, made = Random(1), []
    steps = [(40.0 * k, float(random.choice([200, 700, 1300, 1900, 2600]))) for k in range(90)]
    for name, plant in (("short", SHORT), ("quick-and-slow", QUICK_AND_SLOW)):
        file = folder / f"{name}.yaml"
        file.write_text(plant, encoding="utf-8")
        made.append(World(file, house=steps, seconds=HOUR, warm_up=WARM))
    return [*evenings, *made]


def tried(world: World, changes: Changes) -> tuple[float, float]:
    """Run the flow with something changed: mean |grid|, W, and writes per hour."""
    settings = {name: value for name, value in changes.items() if "/" in name}
    with patched({name: value for name, value in changes.items() if "/" not in name}):
        made = try_out(Candidate("home", HOME, settings=settings), Setting(world))
    return float(made.figures["grid_w"] or 0), float(made.figures["commands_per_h"] or 0)


@contextmanager
def patched(changes: Changes) -> Iterator[None]:
    """Change constants of modules for a while."""
    before = []
    for name, value in changes.items():
        owner, _, constant = name.rpartition(".")
        home = "nodes" if owner == "response_predictor" else "nodes._helpers.law"
        place = resolve_name(f"{home}.{owner}")
        before.append((place, constant, getattr(place, constant)))
        setattr(place, constant, value)
    try:
        yield
    finally:
        for place, constant, value in before:
            setattr(place, constant, value)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = worlds(Path(folder))
        law = [tried(world, {}) for world in places]
        watts = [grid for grid, _ in law]
        print(f"{'':36} {'evenings':>9} {'one short':>9} {'quick+slow':>11} {'writes':>8}")
        print(f"{'as it stands, W':36} {fmean(watts[:-2]):9.0f} {watts[-2]:9.0f} {watts[-1]:11.0f}")
        for name, changes in VARIANTS.items():
            if len(sys.argv) == 1 or any(word in name for word in sys.argv[1:]):
                report(name, [tried(world, changes) for world in places], law)


def report(name: str, made: list[tuple[float, float]], law: list[tuple[float, float]]) -> None:
    ratios = [grid / was for (grid, _), (was, _) in zip(made, law, strict=True)]
    writes = fmean(count for _, count in made) / fmean(count for _, count in law)
    *evenings, short, quick = ratios
    evening = exp(fmean(map(log, evenings)))
    print(f"{name:36} {evening:9.2f} {short:9.2f} {quick:11.2f} {writes:8.2f}", flush=True)


if __name__ == "__main__":
    main()
