"""Every flow under flows/ passes the check and says on its recordings what it said before.

A recording lies in tests/recordings/<flow>.<what>.jsonl.gz, what the flow must say in
tests/golden/<flow>.<what>.jsonl.gz; `pytest --update-golden` writes the latter anew. Numbers are
compared to a millionth: platforms may round the last digit of an exponential differently.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from flowctl.language.check import load
from flowctl.virtual.detached import rehearse
from flowctl.virtual.flowtest import run_tests
from flowctl.virtual.replay import replay

ROOT = Path(__file__).parent.parent
FLOWS = sorted(
    path
    for path in (ROOT / "flows").rglob("*.yaml")
    if path.parent.name not in ("plants", "nodes") and not path.stem.endswith(".tests")
)
RECORDINGS = ROOT / "tests" / "recordings"
GOLDEN = ROOT / "tests" / "golden"


def name(flow: Path) -> str:
    """`home`, or `baselines-omni`."""
    return "-".join(flow.relative_to(ROOT / "flows").with_suffix("").parts)


def recordings(flow: Path) -> list[Path]:
    """The baselines stand in the same house as home.yaml, so they hear its recordings."""
    stem = "home" if flow.parent.name == "baselines" else flow.stem
    return sorted(RECORDINGS.glob(f"{stem}.*.jsonl.gz"))


CASES = [(flow, recording) for flow in FLOWS for recording in recordings(flow)]


def _replayed(flow: Path, recording: Path) -> list[str]:
    return [json.dumps(line, ensure_ascii=False) for line in replay(load(flow), recording)]


@pytest.mark.parametrize("flow", FLOWS, ids=name)
def test_the_flow_passes_the_check(flow: Path) -> None:
    graph = load(flow)
    rehearse(graph)
    assert not graph.warnings


@pytest.mark.parametrize("flow", FLOWS, ids=name)
def test_the_tests_in_the_flow_pass(flow: Path) -> None:
    assert [result for result in run_tests(load(flow)) if not result.passed] == []


@pytest.mark.parametrize("flow", FLOWS, ids=name)
def test_the_flow_has_a_recording(flow: Path) -> None:
    assert recordings(flow), "record one, then --update-golden"


@pytest.mark.parametrize(("flow", "recording"), CASES, ids=lambda p: p.name.split(".jsonl")[0])
def test_the_flow_says_what_it_said(
    flow: Path, recording: Path, request: pytest.FixtureRequest
) -> None:
    golden = GOLDEN / f"{name(flow)}.{recording.name.partition('.')[2]}"
    told = _replayed(flow, recording)
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(gzip.compress("\n".join(told).encode(), 6, mtime=0))
    then = gzip.decompress(golden.read_bytes()).decode().split("\n")
    assert len(told) == len(then)
    for now, before in zip(told, then, strict=True):
        assert now == before or _near(json.loads(now), json.loads(before)), (now, before)


@pytest.mark.parametrize(("flow", "recording"), CASES[:3])
def test_replaying_twice_gives_the_same_bytes(flow: Path, recording: Path) -> None:
    assert _replayed(flow, recording) == _replayed(flow, recording)


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_near, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= 1e-6 * max(1.0, abs(one))
    return bool(one == other)
