"""`pick` takes one field out of what flows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Ability, Battery, Outlook, Plan, Share
from flowctl.testing import play
from nodes.pick import pick, reach

ENERGY = {
    "ENERGY": {"Power": 120, "Phase": [{"power": 40.5}, {"power": 79}], "a.b": 7.0},
    "on": True,
}
LEFT = Ability(setpoint=100.0, dead_time=1.0, lag=1.0, can_charge=0.0, can_discharge=800.0)


@pytest.mark.parametrize(
    ("value", "field", "found"),
    [
        (Battery(soc=55.0), "soc", 55.0),
        (ENERGY, "ENERGY.Power", 120.0),
        (ENERGY, "ENERGY.Phase.0.power", 40.5),
        (ENERGY, "ENERGY.Phase[0].power", 40.5),
        (ENERGY, "ENERGY.a.b", 7.0),
        (ENERGY, "on", True),
        (json.dumps(ENERGY), "ENERGY.Phase.1.power", 79.0),
        (Outlook(at=0.0, meter=1.0, load=2.0, target=3.0, batteries={"left": LEFT}),
         "batteries.left.can_discharge", 800.0),
        (Plan(watts={"left": 300.0}), "unmet", 0.0),
    ],
)  # fmt: skip
def test_it_finds_the_field(value, field, found):
    [(_, said)] = play(pick, [(1, value)], field=field)
    assert said == found
    assert type(said) is type(found)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (Battery(), "soc"),
        (Battery(soc=1.0), "sock"),
        (Battery(soc=1.0), "after"),
        (Battery(soc=1.0), "__class__"),
        (ENERGY, "ENERGY.Phase.2.power"),
        (ENERGY, "ENERGY.Phase.x"),
        (ENERGY, "ENERGY.Phase.²"),
        (ENERGY, "ENERGY.Power.deeper"),
        ("{half", "half"),
        ("[" * 100_000, "0"),
        ('{"a": NaN}', "a"),
        ('{"a": {"b": NaN}}', "a"),
        ('{"a": null}', "a"),
        ('{"a": 1' + "0" * 400 + "}", "a"),
        (Plan(watts={"left": 300.0}), "right"),
        (5.0, "a"),
        (None, "a"),
    ],
)
def test_what_is_not_there_says_nothing(value, field):
    assert play(pick, [(1, value)], field=field) == []


def test_what_is_picked_whole_cannot_be_changed():
    [(_, said)] = play(pick, [(1, json.dumps(ENERGY))], field="ENERGY")
    assert said == {"Power": 120, "Phase": ({"power": 40.5}, {"power": 79}), "a.b": 7.0}
    with pytest.raises(TypeError):
        said["Power"] = 1


def test_a_share_of_a_plan_keeps_its_validity():
    plan = Plan(watts={"left": 300.0}, reasons={"left": "soc"}, valid_until=9.0)
    [(_, share)] = play(pick, [(1, plan)], field="left")
    assert isinstance(share, Share)
    assert (share, share.valid_until, share.reason) == (300.0, 9.0, "soc")


KEYS = st.text(min_size=1, max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, st.lists(KEYS | st.sampled_from("012"), min_size=1, max_size=4))
def test_no_path_into_no_json_raises(value, path):
    assert play(pick, [(1, value)], field=".".join(path)) is not None


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "0"]), min_size=1, max_size=5), st.floats(-1e6, 1e6))
def test_what_is_put_at_a_path_is_found_there(path, number):
    tree = number
    for name in reversed(path):
        tree = {name: tree}
    assert reach(json.dumps(tree), ".".join(path)) == number
