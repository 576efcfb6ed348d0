"""`as_one` adds batteries up: powers, limits, counters; the charge counts by capacity."""

import math
from functools import wraps

import pytest
from hypothesis import given, settings

from flowctl import Battery, Store
from flowctl.testing import play
from nodes.as_one import as_one, charge
from tests.nodes.batteries import FLEETS
from tests.nodes.timelines import timelines

LEFT = Battery(power=300.0, soc=80.0, capacity=2000.0, charged=50e3, discharged=40e3, mode="remote")
RIGHT = Battery(power=-100.0, soc=20.0, capacity=6000.0, charged=9e3, discharged=8e3, mode="remote")
BEATS = [(at, 0.0) for at in (1, 2, 3)]


def run(batteries, beats=BEATS, store=None, **wishes):
    """Play it with a store of the test's own."""
    kept = Store() if store is None else store

    @wraps(as_one)
    def node(*streams, **given):
        return as_one(*streams, **given | {"store": kept})

    told = {n: [(0, one)] if isinstance(one, Battery) else one for n, one in batteries.items()}
    return [record for _, record in play(node, beats, batteries=told, **wishes)]


def test_powers_counters_and_capacity_are_added_up():
    one = run({"left": LEFT, "right": RIGHT})[0]
    assert (one.power, one.capacity, one.charged, one.discharged) == (200.0, 8e3, 59e3, 48e3)
    assert (one.mode, one.online) == ("remote", True)


@pytest.mark.parametrize(
    ("told", "soc"),
    [
        ([(80.0, 2000.0), (20.0, 6000.0)], 35.0),
        ([(80.0, 5000.0), (20.0, 5000.0)], 50.0),
        ([(80.0, None), (20.0, None)], 50.0),
        ([(80.0, 6000.0), (20.0, None)], 50.0),
        ([(None, 6000.0), (20.0, 1000.0)], 20.0),
        ([(None, 6000.0)], None),
    ],
)
def test_the_charge_counts_by_capacity(told, soc):
    assert charge([Battery(soc=one, capacity=size) for one, size in told]) == soc


def test_nothing_is_said_before_somebody_has_spoken():
    line = {"left": [(1.5, LEFT)], "right": []}
    assert [record.power for record in run(line)] == [300.0, 300.0]


def test_one_that_is_away_gives_nothing_and_its_energy_stays():
    line = {"left": LEFT, "right": [(0, RIGHT), (1.5, Battery(online=False))]}
    first, second, _ = run(line)
    assert (first.power, second.power) == (200.0, 300.0)
    assert (second.charged, second.soc, second.online) == (59e3, 35.0, True)
    away = run({"left": [(0, LEFT), (0.5, Battery(online=False))]})[0]
    assert (away.power, away.online, away.soc) == (0.0, False, 80.0)


def test_one_that_is_not_measured_for_long_is_away():
    line = {"left": LEFT, "right": [(0, RIGHT), (50, RIGHT)]}
    assert [one.power for one in run(line, [(60, 0), (61, 0)])] == [200.0, -100.0]


def test_counters_wait_until_all_are_known():
    line = {"left": LEFT, "right": [(1.5, RIGHT)]}
    assert [one.charged for one in run(line)] == [None, 59e3, 59e3]


def test_a_place_kept_for_a_battery_is_not_waited_for():
    line = {"left": LEFT, "right": Battery(online=False)}
    assert [one.charged for one in run(line)] == [50e3] * 3
    assert run({"right": Battery(online=False)}) == []


def test_counters_wait_no_longer_than_is_told():
    beats = [(at, 0.0) for at in (1, 30.9, 31)]
    assert [one.charged for one in run({"left": LEFT, "right": []}, beats)] == [None, None, 50e3]
    assert run({"left": LEFT, "right": []}, wait=0.0)[0].charged == 50e3


def test_counters_are_kept_over_restarts():
    store = Store()
    run({"left": LEFT, "right": RIGHT}, store=store)
    later = Battery(charged=51e3, power=0.0)
    assert run({"left": later, "right": []}, store=store)[0].charged == 60e3


@pytest.mark.parametrize("rubbish", ["no", 3, {"left": "x"}, {"left": math.nan}, ["left"]])
def test_a_store_that_holds_rubbish_is_as_good_as_empty(rubbish):
    store = Store({"charged": rubbish})
    assert run({"left": LEFT}, store=store)[0].charged == 50e3


@settings(deadline=None)
@given(timelines(), FLEETS)
def test_the_charge_lies_between_those_of_its_batteries(beats, fleet):
    for record in run(fleet, beats):
        assert record.soc is None or -1e-6 <= record.soc <= 100 + 1e-6
        assert record.power is None or abs(record.power) <= 5000 + 1e-6
