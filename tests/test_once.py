"""`flowctl run --once`: the first decision is carried out, shown, and then given back."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flowctl.live import meeting
from flowctl.live.run import run
from flowctl.live.session import Options
from flowctl.telling import once
from flowctl.telling.once import Once
from tests.house import build
from tests.test_cli import BEAT

PLANNER = '''
from flowctl import Observable, Plan, Watts

def planner(meter: Observable[Watts]) -> Observable[Plan]:
    """A plan for the left one, in which the right one is its own."""
    reasons = {"left": "its share", "right": "in Auto"}
    return meter.map(lambda _: Plan(watts={"left": 300.0}, reasons=reasons, unmet=40.0))
'''
TELLER = '''
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from flowctl import Battery, Latest, Release, Terms, Watts

async def teller(
    setpoint: Latest[Watts | Release],
    *,
    file: Annotated[str, "where to"],
    deaf: Annotated[bool, "it takes nothing"] = False,
    terms: Terms = Terms(write_every=0.0),
) -> AsyncIterator[Battery]:
    """Tells how it is, writes down what it is told."""
    async for watts in setpoint.or_every(0.02):
        if watts is None:
            yield Battery(power=120.0, soc=61.0, online=True)
        else:
            with Path(file).open("a") as out:
                out.write(f"{watts}\\n")
            if isinstance(watts, float) and not deaf:
                yield Battery(setpoint=watts)
'''
FLOW = """
flow: single
streams:
  meter: [beat]
  plan: [from: meter, planner]
  left: [from: plan.left, teller: {file: FILE, deaf: DEAF}]
  right: [from: plan.right, teller: {file: FILE.right}]
"""
MUTE = """
streams:
  meter: [src]
  left: [from: meter, teller: {file: FILE}]
  beat: [beat]
  other: [from: beat, out]
"""


class Single:
    """A flow to be run once, and what its devices heard."""

    def __init__(self, folder: Path, deaf: str = "false", flow: str = FLOW) -> None:
        self.file = folder / "told.txt"
        text = flow.replace("FILE", str(self.file)).replace("DEAF", deaf)
        nodes = {"beat": BEAT, "planner": PLANNER, "teller": TELLER}
        self.path = build(folder, text, **nodes)

    async def run(self, *, shadow: bool = False, seconds: float = 10.0) -> Once:
        single = Once(shadow=shadow)
        options = Options(shadow=shadow, seconds=seconds, watch=False)
        await run([self.path], options, [single.decide])
        return single

    def told(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "GRACE", 0.3)
    monkeypatch.setattr(once, "SETTLE", 0.1)
    monkeypatch.setattr(once, "ANSWER", 0.3)
    monkeypatch.setattr(meeting, "THOUGHT", 0.02)


async def test_the_decision_is_carried_out_shown_and_given_back(tmp_path: Path) -> None:
    single = Single(tmp_path)
    done = await single.run()
    assert single.told() == ["300.0", "RELEASE"]
    [head, left, right, unmet, last] = done.decisions[0].lines()
    assert head.startswith("single, ")
    assert "meter 5 W" in head
    assert left.split()[0] == "left"
    assert "61 %" in left
    assert left.endswith("is told to give 300W (its share)")
    assert right.endswith("is left alone (in Auto)")
    assert unmet.strip() == "40 W unmet"
    assert last.strip() == "all are given back"


async def test_in_shadow_it_is_only_shown(tmp_path: Path) -> None:
    single = Single(tmp_path)
    done = await single.run(shadow=True)
    assert single.told() == []
    *_, last = lines = list(done.decisions[0].lines())
    assert any("is told to give 300W" in line for line in lines)
    assert last.strip() == "nothing was written"


async def test_who_does_not_take_it_is_named(tmp_path: Path) -> None:
    done = await Single(tmp_path, deaf="true").run()
    lines = list(done.decisions[0].lines())
    assert "DID NOT TAKE IT" in lines[1]
    assert done.decisions[0].plain()["batteries"]["left"]["taken"] is False


async def test_a_flow_without_a_plan_decides_when_a_device_is_told(tmp_path: Path) -> None:
    flow = "streams:\n  meter: [beat]\n  left: [from: meter, teller: {file: FILE}]\n"
    single = Single(tmp_path, flow=flow)
    done = await single.run()
    assert done.decisions[0].plain()["batteries"]["left"]["setpoint"] == 5.0
    assert single.told() == ["5.0", "RELEASE"]


async def test_without_a_decision_its_time_runs_out(tmp_path: Path) -> None:
    done = await Single(tmp_path, flow=MUTE).run(seconds=0.2)
    assert done.decisions == []


def _typed(single: Single, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "flowctl", "run", str(single.path), "--once", *options]
    return subprocess.run(
        [*command, "--state", str(single.file.parent)],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ},
    )  # fmt: skip


def test_for_programs_it_is_json_and_nothing_else(tmp_path: Path) -> None:
    done = _typed(Single(tmp_path), "--json")
    told: Any = json.loads(done.stdout)
    assert done.returncode == 0
    assert told[0]["flow"] == "single"
    assert told[0]["unmet"] == 40.0
    assert told[0]["batteries"] == {
        "left": {"soc": 61.0, "power": 120.0, "setpoint": 300.0, "reason": "its share",
                 "taken": True},
        "right": {"soc": 61.0, "power": 120.0, "setpoint": None, "reason": "in Auto",
                  "taken": True},
    }  # fmt: skip


def test_no_decision_is_exit_code_1(tmp_path: Path) -> None:
    done = _typed(Single(tmp_path, flow=MUTE), "--for", "300ms")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was decided in time" in done.stderr
