"""`outliers` holds the last good value in place of one that is far off."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Share
from flowctl.testing import play
from nodes.outliers import outliers
from tests.nodes.timelines import NUMBERS, timelines


@pytest.mark.parametrize(
    ("how", "values", "said"),
    [
        ({"limit": "5kW"}, [100, 60000, 120], [100, 100, 120]),
        ({"limit": "5kW"}, [100, 60000, -70000, 120], [100, 100, 100, 120]),
        ({"limit": "1kW"}, [0, 2000, 2001, 2002, 1990, 5], [0, 0, 0, 2002, 1990, 1990]),
        ({"limit": "1kW", "accept": 2}, [0, 2000, 2001, 2002], [0, 0, 2001, 2002]),
        ({"limit": "1kW"}, [0, 2000, 1, 2000, 2, 2000], [0, 0, 1, 1, 2, 2]),
        ({"mads": 5.0}, [10, 12, 11, 13, 200, 12], [10, 12, 11, 13, 13, 12]),
        ({"mads": 5.0}, [10, 500, 11], [10, 500, 11]),
        ({"mads": 5.0, "limit": "50W"}, [10, 10, 10, 10, 55, 61], [10, 10, 10, 10, 55, 55]),
        ({"mads": 5.0}, [10, 10, 10, 11, 12, 13], [10, 10, 10, 10, 10, 13]),
        ({"limit": "1kW"}, [5, math.nan, 6], [5, 6]),
    ],
)
def test_a_value_far_off_is_replaced_until_it_insists(how, values, said):
    line = [(at, float(value)) for at, value in enumerate(values)]
    assert [value for _, value in play(outliers, line, **how)] == said


def test_only_the_last_good_values_count():
    climb = [(at, at * 400.0) for at in range(20)]
    assert play(outliers, climb, limit="1kW", of=3) == climb


def test_a_held_share_is_valid_as_long_as_the_new_one():
    line = [(0, Share(5.0, 8.0)), (1, Share(9000.0, 9.0, "soc"))]
    _, (_, held) = play(outliers, line, limit="1kW")
    assert (held, held.valid_until, held.reason) == (5.0, 9.0, "soc")


def test_a_limit_is_needed():
    with pytest.raises(ValueError, match="give limit, mads or both"):
        play(outliers, [])


@settings(deadline=None)
@given(timelines(NUMBERS), st.floats(1.0, 1e5), st.none() | st.floats(1.0, 9.0), st.integers(2, 5))
def test_it_answers_each_value_with_one_it_heard_and_never_holds_for_long(
    line, limit, mads, accept
):
    said = play(outliers, line, limit=limit, mads=mads, accept=accept)
    assert [at for at, _ in said] == [at for at, _ in line]
    heard = [value for _, value in line]
    held = 0
    for index, (_, value) in enumerate(said):
        assert value in heard[: index + 1]
        held = 0 if value == heard[index] else held + 1
        assert held < accept
