"""ha_switch: something switched in Home Assistant reaches the flow."""

from flowctl import Store
from nodes.ha_switch import ha_switch
from tests.nodes.entities import control


async def test_it_is_switched_and_says_so(mosquitto, topic, caplog):
    async with control(ha_switch, mosquitto, topic) as (heard, seen):
        await heard.until(False)
        await seen.shows(f"{topic}/state", "OFF")
        for said in ("ON", "nonsense", "", "off", "true"):
            await seen.other.publish(f"{topic}/set", said, qos=1)
        await heard.until(False, True, False, True)
        await seen.shows(f"{topic}/state", "ON")
        told = await seen.described("switch", "it", topic)
    assert (told["payload_on"], told["payload_off"]) == ("ON", "OFF")
    assert "neither ON nor OFF: 'nonsense'" in caplog.text


async def test_it_holds_over_a_restart_unless_told_otherwise(mosquitto, topic):
    store = Store()
    async with control(ha_switch, mosquitto, topic, store) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "ON", qos=1)
        await heard.until(False, True)
    async with control(ha_switch, mosquitto, topic, store) as (heard, _):
        await heard.until(True)
    async with control(ha_switch, mosquitto, topic, store, keep=False) as (heard, _):
        await heard.until(False)
    async with control(ha_switch, mosquitto, topic, Store({"value": "odd"}), start=True) as (h, _):
        await h.until(True)


async def test_payloads_may_be_those_of_a_documented_system(mosquitto, topic):
    async with control(ha_switch, mosquitto, topic, on="block", off="let") as (heard, seen):
        await seen.other.publish(f"{topic}/set", "Block", qos=1)
        await heard.until(False, True)
        await seen.shows(f"{topic}/state", "block")


async def test_a_command_that_the_broker_kept_switches_nothing(mosquitto, topic):
    async with control(ha_switch, mosquitto, topic) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "ON", qos=1, retain=True)
        await heard.until(False, True)
    async with control(ha_switch, mosquitto, topic) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "OFF", qos=1)
        await heard.until(False, False)
