import math
from dataclasses import dataclass
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Ability, Battery, Outlook, Plan, Secret, Share
from flowctl.recordings.plain import plain, typed
from flowctl.signature.node import Wire, wire_of
from flowctl.units import Watts

EPOCH = 1_793_000_000.0

watts = st.floats(-1e5, 1e5)
times = st.integers(0, 10**7).map(lambda milli: milli / 1000)
batteries = st.builds(
    Battery,
    power=st.none() | watts,
    power_at=st.none() | times,
    soc=st.none() | st.floats(0, 100),
    online=st.none() | st.booleans(),
    mode=st.none() | st.text(),
)
plans = st.builds(
    Plan,
    watts=st.dictionaries(st.text(min_size=1), watts).map(MappingProxyType),
    reasons=st.dictionaries(st.text(min_size=1), st.text()).map(MappingProxyType),
    unmet=watts,
    valid_until=times | st.just(math.inf),
)
abilities = st.builds(
    Ability,
    setpoint=watts,
    flights=st.lists(st.tuples(times, watts)).map(tuple),
    dead_time=times,
    lag=times,
    can_charge=watts,
    can_discharge=watts,
    accepted_at=times | st.just(-math.inf),
)
outlooks = st.builds(
    Outlook,
    at=times,
    meter=watts,
    load=watts,
    target=watts,
    batteries=st.dictionaries(st.text(min_size=1), abilities).map(MappingProxyType),
)


@given(batteries | plans | outlooks)
def test_a_record_written_down_and_read_is_the_same(record):
    assert typed(plain(record, EPOCH), Wire(type(record)), EPOCH) == record


@given(st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.booleans())
def test_a_bare_value_written_down_and_read_is_the_same(value):
    assert typed(plain(value), Wire(type(value))) == value


def test_a_record_is_written_without_what_is_not_known():
    assert plain(Battery(power=300.0, soc=60.0)) == {"power": 300.0, "soc": 60.0}
    assert plain(Plan(watts={"left": Share(5.0)})) == {
        "watts": {"left": 5.0},
        "reasons": {},
        "unmet": 0.0,
    }


def test_times_of_a_record_are_written_as_dates():
    told = plain(Battery(power=1.0, power_at=2.5), EPOCH)
    assert told["power_at"] == EPOCH + 2.5


def test_a_number_that_is_not_finite_is_nothing():
    assert plain({"a": math.nan, "b": [math.inf, 1.0]}) == {"a": None, "b": [None, 1.0]}


def test_a_release_is_nothing_and_a_secret_is_stars():
    assert plain(RELEASE) is None
    assert plain(Secret("hunter2")) == "***"


def test_what_is_no_value_of_a_wire_is_refused():
    with pytest.raises(TypeError, match="a object cannot be recorded"):
        plain(object())


@dataclass(frozen=True)
class Pair:
    one: Watts
    two: bool | None = None


@pytest.mark.parametrize(
    ("raw", "wanted", "value"),
    [
        (1000, Watts, 1000.0),
        ("on", bool, True),
        ({"one": 1, "two": False}, Pair, Pair(1.0, False)),
        ({"one": 1, "since": "0.9"}, Pair, Pair(1.0)),
        ([1, 2], tuple[float, ...], (1.0, 2.0)),
        (3, float | str, 3.0),
        ("3", float | str, "3"),
        (None, Battery, None),
    ],
)
def test_a_raw_value_gets_the_type_of_the_wire(raw, wanted, value):
    got = typed(raw, wire_of(wanted))
    assert got == value
    assert type(got) is type(value)


def test_a_number_where_a_battery_speaks_is_its_power():
    assert typed(-300, Wire(Battery)) == Battery(power=-300.0)


@pytest.mark.parametrize(
    ("raw", "wanted", "said"),
    [
        ("a", Watts, "'a' is not a number"),
        (True, Watts, "True is not a number"),
        (10**400, Watts, "too large"),
        (10**400, int, "too large"),
        (1.5, int, "not a whole number"),
        (1, str, "1 is not text"),
        ("perhaps", bool, "neither on nor off"),
        (5.0, Plan, "5.0 is not a Plan"),
        (True, Battery, "True is not a Battery"),
        ("off", Battery, "'off' is not a Battery"),
        ({"pwer": 5.0}, Battery, "a Battery has no pwer; did you mean 'power'"),
        ({"unmet": 1.0}, Plan, "a Plan needs watts"),
        ({"watts": 1.0}, Plan, "1.0 is not a mapping"),
        (3, tuple[float, ...], "3 is not a list"),
        ([], float | str, "is not one of"),
    ],
)
def test_a_raw_value_of_another_type_is_refused(raw, wanted, said):
    with pytest.raises(ValueError, match=said):
        typed(raw, wire_of(wanted))
