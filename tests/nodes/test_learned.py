"""`learned` tells what is known of each battery, to people and to a page of metrics."""

from datetime import UTC, datetime
from functools import wraps
from types import MappingProxyType

import pytest
from hypothesis import given, settings

from flowctl import Store
from flowctl.finite import is_finite
from flowctl.testing import Bench, play
from nodes._helpers.metrics import page, series_of
from nodes.learned import learned
from tests.nodes.outlooks import OUTLOOKS, view

SLOW = {"dead_time": 2.5, "lag": 1.0}
SHORT = SLOW | {"can_discharge": 300.0, "note": "delivers 300W at most"}
FLOW = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  outlook:
    - from: meter
    - response_predictor: {batteries: [left]}
  left: [from: plan.left, marstek_modbus: {host: x}]
  plan: [from: outlook, rebalance]
  learned: [from: outlook, learned: {zone: Europe/Amsterdam}]
  right_now: [from: learned, pick: says.left, changed]
  page: [from: learned, prometheus: battery]
  shown: [from: right_now, print]
"""


def says(line, **given):
    return [(at, told["says"]["right"]) for at, told in play(learned, line, zone="UTC", **given)]


def test_timing_and_what_is_special_are_told_with_the_time_since() -> None:
    line = [(0, SLOW), (300, SHORT), (330, SHORT | {"note": "delivers 550W at most"}), (600, SLOW)]
    start = play(learned, [(0, view(0.0, right=SHORT))], zone="UTC")[0][1]["says"]["right"]
    began = start.removeprefix("dead time 2.5s, lag 1s; delivers 300W at most since ")
    hour, minute = map(int, began.split(":"))
    later = f"{hour:02d}:{minute + 5:02d}"
    assert says([(at, view(0.0, right=told)) for at, told in line]) == [
        (0, "dead time 2.5s, lag 1s"),
        (300, f"dead time 2.5s, lag 1s; delivers 300W at most since {later}"),
        (330, f"dead time 2.5s, lag 1s; delivers 550W at most since {later}"),
        (600, "dead time 2.5s, lag 1s"),
    ]


def test_a_measured_limit_that_hardly_moves_is_not_said_anew() -> None:
    notes = [f"kept at {watts}%, takes {watts}W at most" for watts in (1605, 1606, 1500, 1440)]
    line = [(k, view(0.0, right=SLOW | {"note": note})) for k, note in enumerate(notes)]
    began = says(line)[0][1][-5:]
    ends = [said.removeprefix("dead time 2.5s, lag 1s; ") for _, said in says(line)]
    assert ends == [
        f"kept at {percent}% since {began}, takes {watts}W at most since {began}"
        for percent, watts in ((1605, 1605), (1606, 1605), (1500, 1605), (1440, 1440))
    ]


def test_each_direction_has_a_time_of_its_own() -> None:
    notes = ["takes 500W at most", "delivers 300W at most, takes 600W at most"]
    line = [(600 * k, view(0.0, right=SLOW | {"note": note})) for k, note in enumerate(notes)]
    (_, first), (_, second) = says(line)
    began = first.removeprefix("dead time 2.5s, lag 1s; takes 500W at most since ")
    told = second.removeprefix("dead time 2.5s, lag 1s; delivers 300W at most since ")
    later, _, rest = told.partition(", ")
    assert rest == f"takes 600W at most since {began}"
    assert later != began


def kept(store, line, **given):
    """What is said with a store of the test's own."""

    @wraps(learned)
    def node(*streams, **handed):
        return learned(*streams, **handed | {"store": store})

    line = [(at, view(0.0, right=told)) for at, told in line]
    return [told["says"]["right"] for _, told in play(node, line, zone="UTC", **given)]


@pytest.mark.parametrize(("late", "resumes"), [(0, True), (40, True), (90, False)])
def test_what_goes_on_over_a_restart_has_the_time_of_before(late, resumes) -> None:
    store = Store()
    kept(store, [(0, SHORT)])
    (about,) = store["right"]
    store["right"] = {about: "2025-12-31T23:45:00+01:00"}
    *_, said = kept(store, [(0, SLOW), (late, SHORT | {"note": "delivers 290W at most"})])
    assert (said == "dead time 2.5s, lag 1s; delivers 290W at most since 22:45") == resumes


def test_what_is_over_has_no_time_any_more() -> None:
    store = Store()
    kept(store, [(0, SHORT), (5, SLOW)])
    assert dict(store) == {"right": {}}


@pytest.mark.parametrize("nonsense", [None, 5, {"delivers W at most": "soon"}, {"x": "2026-01-01"}])
def test_nonsense_in_the_store_is_no_time(nonsense) -> None:
    assert kept(Store({"right": nonsense}), [(0, SHORT)]) == kept(Store(), [(0, SHORT)])


def test_what_was_not_learned_is_called_a_guess() -> None:
    guess = {"dead_time": 3.5, "lag": 1.5}
    assert says([(0, view(0.0, right=guess))]) == [(0, "dead time 3.5s, lag 1.5s (a first guess)")]


def test_a_gain_and_a_smallest_power_are_told_between_timing_and_what_is_special() -> None:
    traits = SLOW | {"gain": 0.6, "min_power": 80.0}
    [(_, text)] = says([(0, view(0.0, right=traits))])
    told = "dead time 2.5s, lag 1s; gives 60% of what it is told; gives nothing below 80W"
    assert text == told
    [(_, text)] = says([(0, view(0.0, right=SHORT | traits))])
    assert text.startswith(f"{told}; delivers 300W at most since ")


def test_numbers_are_by_battery() -> None:
    left = {"setpoint": 500.0, "flights": ((9.0, 500.0),), "available": False, "can_charge": 0.0}
    [(_, told)] = play(learned, [(0, view(0.0, 9.5, left=left, right=SHORT))])
    assert {name: dict(told[name]) for name in told if name != "says"} == {
        "dead_time": {"left": 1.0, "right": 2.5},
        "lag": {"left": 1.0, "right": 1.0},
        "gain": {"left": 1.0, "right": 1.0},
        "min_power": {"left": 0.0, "right": 0.0},
        "start_up": {"left": 0.0, "right": 0.0},
        "behind": {"left": 0.0, "right": 0.0},
        "can_charge": {"left": 0.0, "right": 2500.0},
        "can_discharge": {"left": 2500.0, "right": 300.0},
        "in_flight": {"left": 500.0, "right": 0.0},
        "available": {"left": 0.0, "right": 1.0},
    }


def test_it_is_a_page_of_metrics() -> None:
    [(_, told)] = play(learned, [(0, view(0.0, right=SHORT))])
    lines = page(series_of(told, "battery", {}), {}).splitlines()
    assert 'battery_dead_time_seconds{of="right"} 2.5' in lines
    assert 'battery_can_discharge_watts{of="right"} 300' in lines
    assert 'battery_available{of="right"} 1' in lines


def test_a_flow_tells_it_in_words_and_in_numbers() -> None:
    with Bench(FLOW, start=datetime(2026, 6, 1, 12, 5, tzinfo=UTC)) as bench:
        for _ in range(3):
            bench.say("meter", 0.0)
            bench.advance(1.0)
        assert [text for _, text in bench.heard("shown")] == [
            "dead time 3.5s, lag 1.5s (a first guess); not heard yet since 14:05",
            "dead time 3.5s, lag 1.5s (a first guess)",
        ]
        assert bench.heard("page")[-1][1]["dead_time"] == {"left": 3.5}


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone is called 'Mars'"):
        play(learned, [], zone="Mars")


@given(OUTLOOKS)
@settings(max_examples=30)
def test_one_per_outlook_and_nothing_that_can_be_changed(line) -> None:
    told = play(learned, line)
    assert [at for at, _ in told] == [round(at, 9) for at, _ in line]
    for _, record in told:
        assert is_finite(record)
        assert all(isinstance(part, MappingProxyType) for part in (record, *record.values()))
