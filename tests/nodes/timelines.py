"""What hypothesis feeds to operators."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from flowctl import Plan

NUMBERS = st.floats(min_value=-1e5, max_value=1e5)
ANY_FLOATS = st.one_of(NUMBERS, st.sampled_from([float("nan"), float("inf"), float("-inf"), 0.0]))
NAMES = st.sampled_from(["left", "right", "third"])
PLANS = st.builds(
    Plan, watts=st.dictionaries(NAMES, NUMBERS, max_size=3), unmet=NUMBERS, valid_until=NUMBERS
)


def timelines(
    values: st.SearchStrategy[Any] = ANY_FLOATS, longest: float = 5.0
) -> st.SearchStrategy[list[tuple[float, Any]]]:
    """Values in the order of time, some at the same instant, in whole milliseconds."""
    gaps = st.integers(0, round(longest * 1000))
    return st.lists(st.tuples(gaps, values), max_size=12).map(_placed)


def _placed(steps: Sequence[tuple[int, Any]]) -> list[tuple[float, Any]]:
    at, made = 0, []
    for gap, value in steps:
        at += gap
        made.append((at / 1000, value))
    return made
