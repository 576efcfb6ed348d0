"""enable: steer only while it is allowed, and stop everything when that ends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Plan
from flowctl.virtual.clock import VirtualClock
from nodes.enable import enable

PLAN = Plan(watts={"left": 300.0, "right": -20.0}, unmet=5.0, valid_until=9.0)
STOP = Plan(
    watts={"left": 0.0, "right": 0.0},
    reasons={"left": "switched off", "right": "switched off"},
    valid_until=9.0,
)


def heard(*events: Any) -> list[Plan]:
    """What is said after plans and switches, in order."""
    plans, by, said = Subject(), Subject(), []
    enable(plans, by, clock=VirtualClock()).subscribe(said.append)
    for event in events:
        (plans if isinstance(event, Plan) else by).on_next(event)
    return said


CASES = [
    ([PLAN], []),
    ([False, PLAN], []),
    ([True, PLAN, PLAN], [PLAN, PLAN]),
    ([True, PLAN, False, PLAN], [PLAN, STOP]),
    ([True, PLAN, False, False], [PLAN, STOP]),
    ([True, False], []),
    ([True, PLAN, False, True, PLAN], [PLAN, STOP, PLAN]),
    ([True, PLAN, True, PLAN], [PLAN, PLAN]),
]


@pytest.mark.parametrize(("events", "expected"), CASES)
def test_plans_pass_while_allowed_and_the_end_is_a_stop(events, expected):
    assert heard(*events) == expected


@given(st.lists(st.sampled_from([True, False, PLAN])))
def test_the_last_word_after_switching_off_is_never_a_command(events):
    said = heard(*events, False)
    assert not said or said[-1] == STOP
