"""Tests inside flow files."""

from pathlib import Path

import pytest

from flowctl import FlowError
from flowctl.language.check import load
from flowctl.virtual.flowtest import run_tests
from tests.house import build

FLOW = """
flow: tested
streams:
  meter: [src]
  total:
    - from: meter
    - running_sum
  left:
    - from: total
    - bat
tests:
  - about: watts arrive
    given:
      - {at: 0s, meter: 1kW}
      - {at: 2s, meter: 500W}
    expect:
      - {at: 0s, left: 1kW}
      - {at: 2s, left: 1510W, total: 1.5kW, within: 20W}
      - {at: 60s, left: released}
  - about: silence is silence
    expect:
      - {at: 5s, left: nothing}
"""


def _results(tmp_path: Path, before: str = "", after: str = "") -> list[tuple[bool, tuple]]:
    graph = load(build(tmp_path, FLOW.replace(before, after) if before else FLOW))
    return [(result.passed, result.misses) for result in run_tests(graph)]


def test_what_comes_as_expected_passes(tmp_path: Path) -> None:
    assert _results(tmp_path) == [(True, ()), (True, ())]


def test_a_miss_says_when_what_and_what_else(tmp_path: Path) -> None:
    (passed, misses), _ = _results(tmp_path, "1510W", "1700W")
    assert not passed
    assert misses == ("at 2s left is 1500.0, but 1700W was expected",)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("at: 60s, ", "", "does not say when"),
        ("at: 60s", "at: 60", "60 has no unit"),
        ("meter: 1kW", "metre: 1kW", "did you mean 'meter'"),
        ("expect:", "expcet:", "did you mean 'expect'"),
        ("- about: silence", "- set: 5\n    about: silence", "'set' is a mapping"),
        ("- about: silence", "- set: {lot: 1}\n    about: silence", "no var 'lot'"),
        ("- about: silence", "- start: noon\n    about: silence", "is not a date"),
    ],
)
def test_a_test_that_is_not_well_written_is_a_fault(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    with pytest.raises(FlowError, match=said):
        _results(tmp_path, before, after)


TIMED = """
vars: {part: 1}
streams:
  night:
    - schedule: {between: "22:00-06:00", zone: UTC, every: 1s}
    - map: {to: "part if value else 0", unit: W}
tests:
  - start: 2026-01-31T21:59:59+00:00
    set: {part: 50W}
    expect: [{at: 0s, night: 0W}, {at: 1s, night: 50W}]
  - start: 2026-01-31 22:00+00:00
    expect: [{at: 0s, night: 1W}]
"""


def test_a_test_may_begin_at_a_date_and_with_other_vars(tmp_path: Path) -> None:
    (tmp_path / "timed.yaml").write_text(TIMED)
    assert [result.misses for result in run_tests(load(tmp_path / "timed.yaml"))] == [(), ()]
