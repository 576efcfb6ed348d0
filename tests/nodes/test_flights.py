"""What is in flight, seen through a dead time that may be wrong; commands that go to and fro."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Outlook, Plan, Store
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.law.knowing.flight import HIDDEN, owed, owed_between
from nodes.rebalance import rebalance
from nodes.response_predictor import response_predictor
from tests.nodes.small_house import LOG

NOW = 12.0
FLIGHTS = st.lists(
    st.tuples(st.floats(0.0, NOW), st.floats(-5000.0, 5000.0)).map(tuple), max_size=8
).map(lambda flights: tuple(sorted(flights)))


@given(FLIGHTS, st.floats(0.2, 8.0), st.floats(0.3, 2.0), st.floats(0.1, 4.0))
def test_what_is_owed_at_either_end_and_at_the_dead_time_lies_between(flights, dead, delta, lag):
    least, most = owed_between(flights, dead, delta, lag, NOW)
    ends = [owed(flights, each, lag, NOW) for each in (dead - delta, dead + delta)]
    own = owed(flights, dead, lag, NOW)
    assert least <= min(ends) + 1e-6
    assert most >= max(ends) - 1e-6
    assert least - HIDDEN - 1e-6 <= own <= most + HIDDEN + 1e-6
    assert all(pytest.approx(limit, abs=1e-6) in (*ends, own) for limit in (least, most))


def test_commands_to_and_fro_may_show_what_neither_end_of_the_tolerance_shows():
    flights = tuple((float(second), (-1) ** second * 1000.0) for second in range(6, 12))
    assert owed_between(flights, 3.0, 1.0, 0.1, NOW) == pytest.approx((-1000.0, 0.0), abs=1)


@pytest.mark.parametrize("delay", [2, 3, 5, 8])
def test_a_restless_load_and_batteries_that_take_every_word_do_not_swing(delay):
    """They answer in full some readings later; nothing between swallows small changes."""
    clock, chance, load = VirtualClock(), Random(1), 500.0
    meter, said = Subject[float](), Subject[Outlook]()
    tells = {name: Subject[Battery]() for name in ("left", "right")}
    plans: list[Plan] = []
    grid: list[float] = []
    rebalance(said, log=LOG).subscribe(plans.append, scheduler=clock)
    outlook = response_predictor(meter, tells, clock=clock, store=Store(), log=LOG)
    outlook.subscribe(said, scheduler=clock)
    for second in range(400):
        if second % 40 == 0:
            load = chance.uniform(-1500.0, 3000.0)
        load += chance.gauss(0.0, 50.0)
        given = plans[-delay].watts if len(plans) >= delay else {}
        for name, tell in tells.items():
            tell.on_next(Battery(power=given.get(name, 0.0), soc=55.0))
        grid.append(load - sum(given.values()))
        meter.on_next(grid[-1])
        for name, watts in plans[-1].watts.items():
            tells[name].on_next(Battery(setpoint=watts))
        clock.advance(1.0)
    late = [abs(watts) for second, watts in enumerate(grid) if second >= 60 and second % 40 >= 20]
    assert sum(late) / len(late) < 125.0
