"""ha_number: a number set in Home Assistant reaches the flow."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Store
from nodes._helpers.ha_values import number_in, number_kept
from nodes.ha_number import ha_number
from tests.nodes.entities import control
from tests.nodes.streams import LOG, hearing

RANGE = {"low": -7500.0, "high": 7500.0}


async def test_what_is_set_flows_and_is_said_back(mosquitto, topic):
    async with control(ha_number, mosquitto, topic, step=50.0, start=0.0, **RANGE) as (heard, seen):
        await heard.until(0.0)
        await seen.shows(f"{topic}/state", "0")
        await seen.other.publish(f"{topic}/set", "1500")
        await heard.until(0.0, 1500.0)
        await seen.shows(f"{topic}/state", "1500")
        told = await seen.described("number", "it", topic)
    assert (told["min"], told["max"], told["step"]) == (-7500, 7500, 50)
    assert told["unit_of_measurement"] == "W"
    assert told["command_topic"] == f"{topic}/set"


async def test_with_the_other_sign_what_flows_is_turned(mosquitto, topic):
    async with control(ha_number, mosquitto, topic, sign=-1, start=100.0, **RANGE) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "2500.5")
        await heard.until(-100.0, -2500.5)
        await seen.shows(f"{topic}/state", "2500.5")


async def test_what_was_set_last_holds_over_a_restart(mosquitto, topic):
    store = Store()
    async with control(ha_number, mosquitto, topic, store, sign=-1, **RANGE) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "300")
        await heard.until(-300.0)
    async with control(ha_number, mosquitto, topic, store, sign=-1, **RANGE) as (heard, seen):
        await heard.until(-300.0)
    async with control(ha_number, mosquitto, topic, store, keep=False, start=5.0, **RANGE) as (
        h,
        _,
    ):
        await h.until(5.0)


async def test_garbage_and_what_is_out_of_range_change_nothing(mosquitto, topic, caplog):
    async with control(ha_number, mosquitto, topic, **RANGE) as (heard, seen):
        for odd in ("", "much", "nan", "inf", "7501", "-1e9", b"\xff\xfe", "1" * 5000, "{}"):
            await seen.other.publish(f"{topic}/set", odd, qos=1)
        await seen.other.publish(f"{topic}/set", "-20", qos=1)
        await heard.until(-20.0)
        await seen.shows(f"{topic}/state", "-20")
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_a_command_that_the_broker_kept_is_none(mosquitto, topic):
    async with control(ha_number, mosquitto, topic, **RANGE) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "900", qos=1, retain=True)
        await heard.until(900.0)  # it is one when it is said
    async with control(ha_number, mosquitto, topic, start=1.0, **RANGE) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "2", qos=1)
        await heard.until(1.0, 2.0)


async def test_the_flow_begins_with_what_is_known_while_the_broker_is_away():
    source = ha_number(
        broker="mqtt://127.0.0.1:9", name="It", start=7.0, store=Store(), log=LOG, **RANGE
    )
    async with hearing(source) as heard:
        with pytest.raises(OSError, match="nothing listens"):
            await heard.until(7.0, 8.0)
        assert heard.values == [7.0]


KEPT = [(5.0, 5.0), (None, 1.0), ("5", 1.0), (True, 1.0), (11.0, 1.0), (float("nan"), 1.0)]


@pytest.mark.parametrize(("kept", "expected"), KEPT)
def test_what_was_kept_holds_if_it_is_within_the_range(kept, expected):
    assert number_kept(kept, 1.0, 0.0, 10.0) == expected


@pytest.mark.parametrize(("start", "low", "high"), [(None, 1.0, 1.0), (5.0, 0.0, 1.0)])
def test_a_range_that_holds_nothing_is_refused(start, low, high):
    with pytest.raises(ValueError, match="is not"):
        number_kept(None, start, low, high)


@given(st.text() | st.floats().map(str))
def test_only_numbers_within_the_range_are_set(text):
    with suppress(ValueError):
        assert -10 <= number_in(text, -10, 10) <= 10
