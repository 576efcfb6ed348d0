"""What holds for every present system: the same streams, no faults, and the house is served."""

import math
import re
from collections import deque
from pathlib import Path

import pytest

from flowctl import Battery
from flowctl.language.check import load
from flowctl.testing import Bench
from tests.baselines.present import FOLDER, Present

FLOWS = sorted(FOLDER.glob("*.yaml"))
HOME = FOLDER.parent / "home.yaml"
PAGE = FOLDER.parent.parent / "docs" / "baselines.md"
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


def rules(name):
    """The numbers of a law's rules, as docs/baselines.md has them."""
    _, found, text = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")
    assert found
    return set(re.findall(r"^(\d+)\. ", text.partition("\n## ")[0], re.MULTILINE))


def test_the_page_has_each_of_them_and_no_other():
    page = PAGE.read_text(encoding="utf-8")
    assert sorted(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == [path.stem for path in FLOWS]


NAMED = re.compile(r"^def test_rules?_(\d+(?:_\d+)*(?:_and_\d+)?)_", re.MULTILINE)


@each
def test_every_rule_is_named_by_a_test_and_in_its_flow(path):
    tests = Path(__file__).with_name(f"test_{path.stem}.py").read_text(encoding="utf-8")
    comments = " ".join(re.findall(r"#.*", path.read_text(encoding="utf-8")))
    tested = {number for name in NAMED.findall(tests) for number in re.findall(r"\d+", name)}
    assert tested == rules(path.stem)
    assert rules(path.stem) - set(re.findall(r"\b\d+\b", comments)) == set()


HOLD = [path for path in FLOWS if "  hold: 10m" in path.read_text()]


@pytest.mark.parametrize("path", HOLD, ids=lambda path: path.stem)
def test_without_a_meter_it_goes_on_for_its_ten_minutes(path):
    """Ten more where the last reading is looked at for so long; its last command stands then."""
    present = Present(path.stem, follows=False)
    present.read(*[400] * 30)
    whole = 10 + 10 * path.read_text().count('stale: "${hold}"')
    for minutes, is_over in ((whole - 1, False), (2, True)):
        for _ in range(12 * minutes):
            present.tell(left={"power": 200.0}, right={"power": 200.0})
            present.bench.advance(5)
        told = present.bench.heard("left") + present.bench.heard("right")
        assert any(watts is None for _, watts in told) is is_over


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
