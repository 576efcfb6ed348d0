"""Run flows/home.yaml through all scenarios, beside what nobody can pass and what others run.

    python benchmarks/control/scenarios.py                      (minutes)
    python benchmarks/control/scenarios.py --only step,shortfall --seeds 5 --baselines
    python benchmarks/control/scenarios.py --random 100         (houses drawn at random)

A scenario is a plant file in scenarios/ and, where that has no house, a load of loads.py. The flow
runs as it is, in virtual time, as `flowctl backtest` does it; where a plant has other batteries
than a left and a right one, only the lists of batteries and their devices are written anew.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))  # the law of this checkout

import loads
from houses import LASTS, house
from loads import WARM, Load
from measured import HEAD, foot, line, mean_ratio, measured, tried

from flowctl.backtest.world import World

HERE = Path(__file__).parent
FLOWS = HERE.parents[1] / "flows"
HOME = FLOWS / "home.yaml"
BASELINES = {path.stem: path for path in sorted((FLOWS / "baselines").glob("*.yaml"))}
Draw = Callable[[Random, float], Load]
SIZES = (400.0, 800.0, 1400.0)  # W
ORDINARY = partial(loads.ordinary, sizes=SIZES)


@dataclass(frozen=True)
class Scenario:
    title: str
    seconds: float
    load: Draw | None = None
    """What the house draws; without it, what the plant file says."""
    warm_up: float = WARM
    once: bool = False
    """Whether one seed has to do."""


SCENARIOS = {
    "step": Scenario("steps of 1 kW", 880.0, loads.steps),
    "shortfall": Scenario("one gives 300 of 500 W", 840.0, loads.two_steps),
    "gain": Scenario(
        "60 % of what it is told",
        840.0,
        partial(loads.ordinary, base=700.0, noise=4.0, sizes=(500.0, 900.0, 1300.0)),
    ),
    "offline": Scenario(
        "goes offline, and deaf",
        840.0,
        partial(loads.ordinary, base=900.0, noise=4.0, sizes=(500.0, 800.0)),
    ),
    "fastslow": Scenario("quick 1 kW, slow 2.5 kW", 840.0, loads.long_steps),
    "hob": Scenario("pulsing hob", 840.0, loads.hob),
    "evening": Scenario("mixed evening, three", 2700.0),
    "meter10": Scenario("a meter of 10 s", 2700.0),
    "fastmeter": Scenario("a meter of 0.3 s", 1500.0),
    "notelem": Scenario("no telemetry", 1140.0, partial(ORDINARY, base=600.0, noise=5.0)),
    "noisy": Scenario("noisy telemetry, losses", 1140.0, partial(ORDINARY, base=700.0, noise=15.0)),
    "six": Scenario("six batteries", 1440.0),
    "limits": Scenario("near empty", 2400.0),
    "auto": Scenario("one follows its own meter", 1500.0),
    "cold": Scenario(
        "cold start, odd timings",
        600.0,
        partial(ORDINARY, base=500.0, noise=5.0, begin=15.0),
        warm_up=0.0,
    ),
    "day": Scenario("cloudy day with sun", 86400.0, warm_up=0.0, once=True),
}


def world(name: str, seed: int) -> World:
    """A scenario as one seed has it."""
    told = SCENARIOS[name]
    load = told.load(Random(f"{seed}/{name}"), told.seconds) if told.load else None
    plant = HERE / "scenarios" / f"{name}.yaml"
    return World(plant, seed=seed, house=load, seconds=told.seconds, warm_up=told.warm_up)


def drawn(seed: int, folder: Path) -> World:
    """A house drawn at random."""
    random = Random(f"{seed}/house")
    plant = folder / f"house-{seed}.yaml"
    plant.write_text(house(random), encoding="utf-8")
    load = loads.anything(random, LASTS)
    return World(plant, seed=seed, house=load, seconds=LASTS, warm_up=WARM)


def run_scenarios(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    others, rows = [BASELINES[name] for name in given.baselines], {}
    print(HEAD)
    for name in given.only:
        told = SCENARIOS[name]
        seeds = range(given.first, given.first + (1 if told.once else given.seeds))
        rows[name] = measured({k: tried(world(name, k), HOME, others, folder) for k in seeds})
        print(line(told.title, rows[name]), flush=True)
        for label, failed in rows[name]["failures"].items():
            print(f"  {label} failed: {failed}")
    print(foot(list(rows.values())))
    mean = mean_ratio([row["ratio"] for row in rows.values()])
    return {"scenarios": rows, "geometric_mean": mean}


def run_houses(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    ratios: dict[int, float] = {}
    for seed in range(given.first, given.first + given.random):
        made = tried(drawn(seed, folder), HOME, [], folder)
        ratios[seed] = made.outcomes[0].figures["ratio"] or nan
    all_of_them = list(ratios.values())
    cuts = quantiles(all_of_them if len(ratios) > 1 else all_of_them * 2, n=20, method="inclusive")
    found = {"median": cuts[9], "p90": cuts[17], "p95": cuts[18], "max": max(all_of_them)}
    print(", ".join(f"{key} {ratio:.2f}" for key, ratio in found.items()))
    for seed in sorted(ratios, key=lambda seed: -ratios[seed])[:3]:
        print(f"  {ratios[seed]:.2f}: --random 1 --first {seed}")
    return {"houses": ratios, **found}


def some(known: Mapping[str, Any]) -> Callable[[str], list[str]]:
    """Read names, each of them known."""

    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := [name for name in found if name not in known]:
            said = f"{', '.join(unknown)} is not known; there are {', '.join(known)}"
            raise argparse.ArgumentTypeError(said)
        return found

    return names


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    say = parser.add_argument
    say("--seeds", type=int, default=1, help="how often each is drawn; the day is drawn once")
    say("--first", type=int, default=1, help="the first seed")
    say(
        "--only",
        type=some(SCENARIOS),
        default=list(SCENARIOS),
        help=f"some of {','.join(SCENARIOS)}",
    )
    say(
        "--baselines", type=some(BASELINES), nargs="?", const=list(BASELINES), default=[],
        help=f"also what others run, all or some of {','.join(BASELINES)}",
    )  # fmt: skip
    say("--random", type=int, default=0, help="so many houses drawn at random, in their place")
    say("--json", type=Path, help="write all of it into this file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = run_houses if given.random else run_scenarios
        found = run(given, Path(folder))
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
