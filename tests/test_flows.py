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

from flowctl.check import load
from flowctl.detached import rehearse
from flowctl.flowtest import run_tests
from flowctl.replay import replay

ROOT = Path(__file__).parent.parent
FLOWS = sorted(
    path
    for path in (ROOT / "flows").rglob("*.yaml")
    if path.parent.name not in ("plants", "nodes") and not path.stem.endswith(".tests")
)
RECORDINGS = sorted((ROOT / "tests" / "recordings").glob("*.jsonl.gz"))


def _flow(recording: Path) -> Path:
    name = recording.name.partition(".")[0]
    return next(path for path in FLOWS if path.stem == name)


def _replayed(recording: Path) -> list[str]:
    told = replay(load(_flow(recording)), recording)
    return [json.dumps(line, ensure_ascii=False) for line in told]


@pytest.mark.parametrize("flow", FLOWS, ids=lambda path: path.stem)
def test_the_flow_passes_the_check(flow: Path) -> None:
    graph = load(flow)
    rehearse(graph)
    assert not graph.warnings


@pytest.mark.parametrize("flow", FLOWS, ids=lambda path: path.stem)
def test_the_tests_in_the_flow_pass(flow: Path) -> None:
    assert [result for result in run_tests(load(flow)) if not result.passed] == []


@pytest.mark.parametrize("flow", FLOWS, ids=lambda path: path.stem)
def test_the_flow_has_a_recording_and_a_golden_file(flow: Path) -> None:
    assert [path for path in RECORDINGS if _flow(path) == flow], "record one, then --update-golden"


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.name)
def test_the_flow_says_what_it_said(recording: Path, request: pytest.FixtureRequest) -> None:
    golden = ROOT / "tests" / "golden" / recording.name
    told = _replayed(recording)
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(gzip.compress("\n".join(told).encode(), 6, mtime=0))
    then = gzip.decompress(golden.read_bytes()).decode().split("\n")
    assert len(told) == len(then)
    for now, before in zip(told, then, strict=True):
        assert now == before or _near(json.loads(now), json.loads(before)), (now, before)


@pytest.mark.parametrize("recording", RECORDINGS[:3], ids=lambda path: path.name)
def test_replaying_twice_gives_the_same_bytes(recording: Path) -> None:
    assert _replayed(recording) == _replayed(recording)


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_near, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= 1e-6 * max(1.0, abs(one))
    return bool(one == other)
