"""ha_select: an option chosen in Home Assistant reaches the flow."""

import asyncio

import pytest

from flowctl import Store
from nodes.ha_select import choosable, ha_select
from tests.nodes.entities import control, seen
from tests.nodes.streams import LOG, hearing

MODES = ["Normal", "Hold", "Charge", "2"]


async def test_an_option_is_chosen_in_any_case_and_said_as_it_is_written(mosquitto, topic, caplog):
    async with control(ha_select, mosquitto, topic, options=MODES) as (heard, seen):
        await heard.until("Normal")
        await seen.shows(f"{topic}/state", "Normal")
        for said in ("HOLD", "1", "charge"):
            await seen.other.publish(f"{topic}/set", said, qos=1)
        await heard.until("Normal", "Hold", "Charge")
        await seen.shows(f"{topic}/state", "Charge")
        assert (await seen.described("select", "it", topic))["options"] == MODES
    assert "'1' is not one of Normal, Hold, Charge, 2" in caplog.text


async def test_numbers_may_be_used_but_a_name_goes_before(mosquitto, topic):
    settings = {"options": MODES, "numbered": True, "start": "Hold"}
    async with control(ha_select, mosquitto, topic, **settings) as (heard, seen):
        for said in ("3", "2", "5"):
            await seen.other.publish(f"{topic}/set", said, qos=1)
        await heard.until("Hold", "Charge", "2")


async def test_the_choice_holds_over_a_restart_if_it_is_still_an_option(mosquitto, topic):
    store = Store()
    async with control(ha_select, mosquitto, topic, store, options=MODES) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "hold", qos=1)
        await heard.until("Normal", "Hold")
    async with control(ha_select, mosquitto, topic, store, options=MODES) as (heard, _):
        await heard.until("Hold")
    async with control(ha_select, mosquitto, topic, store, options=["A", "B"]) as (heard, _):
        await heard.until("A")


async def test_home_assistant_may_know_it_under_another_unique_id(mosquitto, topic):
    settings = {"options": MODES, "unique": "it_select"}
    async with control(ha_select, mosquitto, topic, **settings) as (_, seen):
        assert (await seen.described("select", "it", topic))["unique_id"] == "it_select"


async def test_without_discovery_it_is_commanded_all_the_same(mosquitto, topic):
    source = ha_select(
        broker=mosquitto, name="It", options=MODES, topic=f"{topic}/state", command=f"{topic}/set",
        prefix=topic, id="it", discovery=False, store=Store(), log=LOG,
    )  # fmt: skip
    async with seen(mosquitto, topic) as there, hearing(source) as heard:
        await there.shows(f"{topic}/state", "Normal")
        await asyncio.sleep(0.03)  # for its own subscription, which nothing signals
        await there.other.publish(f"{topic}/set", "hold", qos=1)
        await heard.until("Normal", "Hold")
        assert there.last(f"{topic}/select/it/config") is None


@pytest.mark.parametrize("settings", [{"options": []}, {"options": ["A"], "start": "B"}])
def test_options_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"nothing to choose|is not an option; options are A"):
        choosable(**{"start": "", **settings})
