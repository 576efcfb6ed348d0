"""shortfall: what a wanted total lacks, as the meter of a house that has none."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery
from flowctl.virtual.clock import VirtualClock
from nodes.shortfall import shortfall


class Yard:
    """A wanted total and two batteries in virtual time."""

    def __init__(self, **settings: Any) -> None:
        self.clock, self.wanted = VirtualClock(), Subject()
        self.batteries = {"left": Subject(), "right": Subject()}
        self.said: list[tuple[float, float]] = []
        stream = shortfall(self.wanted, self.batteries, clock=self.clock, **settings)
        stream.subscribe(
            lambda watts: self.said.append((self.clock.time(), watts)), scheduler=self.clock
        )

    def want(self, watts: float) -> None:
        self.clock.turn(self.wanted.on_next, watts)

    def tell(self, name: str, **fields: Any) -> None:
        self.clock.turn(self.batteries[name].on_next, Battery(**fields))


def test_it_is_said_at_once_for_a_total_and_then_every_so_often():
    yard = Yard(every=2.0)
    yard.tell("left", power=300.0)
    yard.clock.advance(1.0)
    yard.want(1000.0)
    yard.clock.advance(1.0)
    yard.tell("right", power=-100.0)
    yard.clock.advance(3.0)
    yard.want(500.0)
    yard.clock.advance(2.0)
    assert yard.said == [(1.0, 700.0), (3.0, 800.0), (5.0, 800.0), (5.0, 300.0), (7.0, 300.0)]


def test_nothing_is_said_before_a_total_is_known():
    yard = Yard()
    yard.tell("left", power=300.0)
    yard.clock.advance(60.0)
    yard.want(math.nan)
    yard.clock.advance(60.0)
    assert yard.said == []


COUNTS = [
    ({"power": 300.0}, 300.0),
    ({"power": 300.0, "online": False}, 0.0),
    ({"setpoint": 250.0}, 250.0),
    ({"power": 300.0, "setpoint": 250.0}, 300.0),
    ({"soc": 50.0}, 0.0),
    ({"power": math.nan}, 0.0),
]


@pytest.mark.parametrize(("fields", "counts"), COUNTS)
def test_what_a_battery_gives_is_what_it_measures_if_it_is_there(fields, counts):
    yard = Yard()
    yard.tell("left", **fields)
    yard.want(1000.0)
    assert yard.said == [(0.0, 1000.0 - counts)]


def test_one_that_fell_silent_gives_nothing():
    yard = Yard(every=5.0, stale=7.0)
    yard.tell("left", power=300.0)
    yard.want(1000.0)
    yard.clock.advance(10.0)
    assert yard.said == [(0.0, 700.0), (5.0, 700.0), (10.0, 1000.0)]


def test_it_ends_with_the_total():
    yard, ended = Yard(), []
    shortfall(yard.wanted, {}, clock=yard.clock).subscribe(
        on_completed=lambda: ended.append(1), scheduler=yard.clock
    )
    yard.wanted.on_completed()
    assert ended == [1]


watts = st.floats(-1e4, 1e4)


@given(watts, st.lists(st.tuples(st.sampled_from(["left", "right"]), watts), max_size=8))
def test_total_less_shortfall_is_what_is_given(total, told):
    yard = Yard()
    for name, power in told:
        yard.tell(name, power=power)
    yard.want(total)
    assert total - yard.said[-1][1] == pytest.approx(sum(dict(told).values()), abs=1e-6)
