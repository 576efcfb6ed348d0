"""`zero_grid` adds what is missing to what is."""

import math

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.testing import play
from flowctl.virtual.detached import rehearse
from nodes.zero_grid import gained, zero_grid
from tests.nodes.batteries import FLEETS, GRIDS, told

TWO = told(left={"power": 300.0, "setpoint": 500.0}, right={"power": -100.0, "setpoint": 0.0})


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({}, 1200.0),
        ({"target": "-50W"}, 1250.0),
        ({"base": "commanded"}, 1500.0),
        ({"base": "said", "low": "-5kW", "high": "5kW"}, 1500.0),
        ({"gain": 0.5}, 700.0),
        ({"high": "800W"}, 800.0),
        ({"low": "2kW"}, 2000.0),
        ({"aim": [(0, 100.0)], "target": "-50W"}, 1100.0),
    ],
)
def test_the_total_is_what_is_plus_the_error(wishes, said):
    assert play(zero_grid, [(1, 1000.0)], batteries=TWO, **wishes) == [(1, said)]


@pytest.mark.parametrize(
    ("left", "total"),
    [
        ({"power": 300.0, "online": False}, 1000.0),
        ({"setpoint": 400.0}, 1400.0),
        ({"soc": 50.0}, 1000.0),
    ],
)
def test_who_is_away_counts_nothing_and_who_measures_nothing_counts_its_setpoint(left, total):
    assert play(zero_grid, [(1, 1000.0)], batteries=told(left=left)) == [(1, total)]


def test_a_record_that_tells_an_acceptance_erases_no_power():
    left = [(0, Battery(power=300.0)), (1, Battery(setpoint=900.0))]
    assert play(zero_grid, [(2, 100.0)], batteries={"left": left}) == [(2, 400.0)]


def test_what_was_said_adds_up_within_the_limits():
    said = play(zero_grid, [(1, 400.0), (2, 400.0), (3, -100.0)], batteries={}, base="said",
                low=0.0, high="700W")  # fmt: skip
    assert said == [(1, 400.0), (2, 700.0), (3, 600.0)]


def test_a_gain_for_a_time_grows_with_the_time_up_to_the_whole_error():
    assert [gained(0.35, 2.0, seconds) for seconds in (1.0, 2.0, 60.0)] == [0.175, 0.35, 1.0]
    assert gained(1.5, 2.0, 60.0) == 1.5
    assert gained(0.35, None, 60.0) == 0.35


def test_limits_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="exchange them"):
        play(zero_grid, [], batteries={}, low="1kW", high="-1kW")


@pytest.mark.parametrize("limits", ["", ", low: -5kW", ", high: 5kW"])
def test_the_check_refuses_to_add_up_without_limits_and_names_the_cure(limits):
    law = f"zero_grid: {{batteries: [left], base: said{limits}}}"
    text = f"""
streams:
  meter: [homewizard_p1: 192.168.1.20]
  plan: [from: meter, {law}, split: {{batteries: [left]}}]
  left: [from: plan.left, marstek_modbus: 192.168.1.40]
"""
    with pytest.raises(FlowError) as refused:
        rehearse(load(text, env={}))
    (fault,) = refused.value.faults
    assert fault.message.startswith("nothing limits what was said last, which grows")
    assert fault.cure == "give both 'low' and 'high', or write 'base: commanded'"


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_one_finite_total_for_each_reading_whatever_batteries_tell(line, fleet):
    said = play(zero_grid, line, batteries=fleet)
    assert [at for at, _ in said] == [at for at, _ in line]
    assert all(math.isfinite(total) for _, total in said)


@settings(deadline=None)
@given(GRIDS, FLEETS)
def test_a_target_is_a_shift(line, fleet):
    plain = play(zero_grid, line, batteries=fleet)
    shifted = play(zero_grid, line, batteries=fleet, target=100.0)
    assert [total - 100.0 for _, total in plain] == pytest.approx([t for _, t in shifted])
