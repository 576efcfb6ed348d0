"""What holds for every present system: the same streams, no faults, and the house is served."""

import math
from collections import deque

import pytest

from flowctl import Battery
from flowctl.language.check import load
from flowctl.testing import Bench
from tests.baselines.present import FOLDER

FLOWS = sorted(FOLDER.glob("*.yaml"))
HOME = FOLDER.parent / "home.yaml"
each = pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
LEADER = {"jasper"}  # needs a battery with a meter of its own
SWINGS = {"naive"}  # that is what it shows
OFFSET = {"bhelm": 60.0, "hoymiles": 130.0, "lucavb": 80.0}  # W that it stays beside zero by design


@each
def test_it_is_without_fault_and_has_the_streams_of_home(path):
    graph = load(path)
    assert graph.warnings == ()
    assert {"house", "meter", "plan", "left", "right"} <= set(graph.streams)
    assert graph.name == path.stem


@each
def test_its_addresses_are_those_of_the_simulated_house(path):
    mine, homes = load(path, env={}), load(HOME, env={})
    for stream in ("meter", "left", "right"):
        edge, home = mine.edge(stream), homes.edge(stream)
        assert (edge.node, edge.settings["host"]) == (home.node, home.settings["host"])


class Unit:
    """A battery behind a dead time and a first-order lag, that tells what it does every second."""

    def __init__(self, bench, name, dead):
        self.bench, self.name, self.power = bench, name, 0.0
        self.goals = deque([0.0] * (dead + 1), maxlen=dead + 1)

    def pass_second(self):
        heard = self.bench.heard(self.name)
        self.goals.append(float(heard[-1][1] or 0.0) if heard else 0.0)
        self.power += (self.goals[0] - self.power) * (1 - math.exp(-1.0))
        self.bench.say(self.name, Battery(power=round(self.power), soc=50.0))


def grids(path, load, seconds, dead=0):
    """What the meter shows second by second, with a load that begins after five seconds."""
    with Bench(path, record=False) as bench:
        units = [Unit(bench, name, dead) for name in ("left", "right")]
        shown = []
        for second in range(seconds):
            grid = (load if second > 5 else 0.0) - sum(unit.power for unit in units)
            shown.append(grid)
            bench.say("meter", round(grid))
            bench.advance(1.0)
            for unit in units:
                unit.pass_second()
        return shown


@pytest.mark.parametrize("path", [p for p in FLOWS if p.stem not in LEADER | SWINGS],
                         ids=lambda path: path.stem)  # fmt: skip
def test_it_serves_a_house_whose_batteries_answer_within_a_second(path):
    settled = grids(path, 900.0, 240)[-60:]
    mean = sum(map(abs, settled)) / len(settled)
    assert mean < 45.0 + OFFSET.get(path.stem, 0.0)


def test_the_negative_control_swings():
    settled = grids(FOLDER / "naive.yaml", 900.0, 240, dead=3)[-60:]
    assert max(settled) - min(settled) > 1000
