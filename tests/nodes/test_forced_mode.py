"""forced_mode: loads forced by hand, to a power, for a time."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Log, Store
from flowctl.testing import play
from flowctl.virtual.clock import START, VirtualClock
from nodes.forced_mode import ALL, Command, forced_mode, read_command
from tests.nodes.timelines import timelines

LOADS = ["ecs", "resille"]


def force(name="ecs", **more):
    return {"command": "force", "name": name, **more}


def said(line, **more):
    return [(t, dict(forced)) for t, forced in play(forced_mode, line, loads=LOADS, **more)]


def test_it_begins_with_nobody_forced():
    assert said([]) == [(0, {})]


def test_a_load_is_forced_to_a_power_until_it_is_let_go():
    line = [(1, force(power=1500)), (9, {"command": "unforce", "name": "ecs"})]
    assert said(line) == [(0, {}), (1, {"ecs": 1500}), (9, {})]


def test_a_load_is_forced_for_a_time():
    assert said([(1, force(power=1500, duration=20))]) == [(0, {}), (1, {"ecs": 1500}), (21, {})]


def test_a_newer_command_takes_the_place_of_an_older_one():
    line = [(1, force(power=1500, duration=20)), (2, force(power=800, duration=30))]
    assert said(line) == [(0, {}), (1, {"ecs": 1500}), (2, {"ecs": 800}), (32, {})]


def test_each_load_has_its_own_time():
    line = [(1, force(power=1500, duration=10)), (2, force("resille", duration=5))]
    assert said(line) == [
        (0, {}),
        (1, {"ecs": 1500}),
        (2, {"ecs": 1500, "resille": ALL}),
        (7, {"ecs": 1500}),
        (11, {}),
    ]


def test_a_switch_of_a_load_forces_it_too():
    switches = {"ecs": [(1, True), (2, False), (3, 800.0), (4, 0.0), (5, 0.0)]}
    assert said([], switches=switches) == [
        (0, {}), (1, {"ecs": ALL}), (2, {}), (3, {"ecs": 800}), (4, {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"command":"force","name":"ECS","power":"1500"}', Command("ecs", 1500.0)),
        ('{"command":"force","name":"ecs","power":0}', Command("ecs", 0.0)),
        ('{"command":"force","name":"ecs","power":10,"duration":60}', Command("ecs", 10.0, 60.0)),
        ('{"command":"force","name":"ecs","duration":null}', Command("ecs", ALL)),
        ('{"command":"unforce","name":"Resille"}', Command("resille", None)),
    ],
)
def test_commands_are_read_as_the_old_program_meant_them(text, command):
    assert read_command(text, {name: name for name in LOADS}) == command


NONSENSE = [
    "on",
    "{",
    "[]",
    {"command": "force"},
    {"command": "force", "name": "pool"},
    {"command": "boost", "name": "ecs"},
    {"command": "force", "name": "ecs", "power": -5},
    {"command": "force", "name": "ecs", "power": "all"},
    {"command": "force", "name": "ecs", "power": float("nan")},
    {"command": "force", "name": "ecs", "duration": -1},
    5.0,
    None,
]


def test_what_makes_no_sense_is_told_once_and_passed_over(caplog):
    line = [(n + 1, odd) for n, odd in enumerate(NONSENSE)]
    assert said([*line, (30, force(power=1))]) == [(0, {}), (30, {"ecs": 1})]
    told = [record for record in caplog.records if "talks nonsense" in record.message]
    assert len(told) == 1


class Kept:
    def __init__(self, store, start=START):
        self.clock, self.source, self.said = VirtualClock(start), Subject(), []
        forced_mode(self.source, clock=self.clock, store=store, log=Log("forced")).subscribe(
            lambda forced: self.said.append(dict(forced)), scheduler=self.clock
        )
        self.clock.advance(0)


def test_what_is_forced_goes_on_after_a_restart_until_its_time_is_over():
    store = Store()
    kept = Kept(store)
    kept.clock.turn(kept.source.on_next, force(power=1500, duration=3600))
    kept.clock.turn(kept.source.on_next, force("resille"))
    store = Store(json.loads(json.dumps(dict(store))))
    again = Kept(store, START + timedelta(seconds=3000))
    assert again.said == [{"ecs": 1500, "resille": ALL}]
    again.clock.advance(599)
    assert len(again.said) == 1
    again.clock.advance(2)
    assert again.said[1:] == [{"resille": ALL}]


def test_what_is_over_when_it_starts_again_is_forced_no_more():
    store = Store({"forced": {"ecs": [1500, datetime(2026, 1, 1, tzinfo=UTC).timestamp()]}})
    assert Kept(store, START + timedelta(days=1)).said == [{}]


@pytest.mark.parametrize(
    "kept", ["yes", {"ecs": 5}, {"ecs": ["x", None]}, {"ecs": [-1, None]}, {"ecs": [1, "soon"]}]
)
def test_a_broken_store_forces_nothing(kept):
    assert Kept(Store({"forced": kept})).said == [{}]


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
commands = st.fixed_dictionaries(
    {
        "command": st.sampled_from(["force", "unforce", "x"]),
        "name": st.sampled_from([*LOADS, "ECS", "x"]),
    },
    optional={"power": anything, "duration": anything},
)


@given(timelines(anything | commands))
def test_whatever_is_said_only_known_loads_are_forced_and_never_below_zero(line):
    for _, forced in said(line):
        assert forced.keys() <= set(LOADS)
        assert all(watts >= 0 for watts in forced.values())
