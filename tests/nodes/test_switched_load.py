"""switched_load: any draw is on, nothing is off, in the words of the relay."""

import pytest

from flowctl import Battery
from nodes.switched_load import switched_load
from tests.nodes.loads import driven, says
from tests.nodes.mqtt import peer
from tests.nodes.streams import until

ON = '{"command": "switchlight", "idx": 359, "switchcmd": "On" }'
OFF = '{"command": "switchlight", "idx": 359, "switchcmd": "Off" }'
pytestmark = pytest.mark.usefixtures("hurry")


async def test_it_is_off_at_the_start_and_tells_what_it_draws(mosquitto, topic):
    async with (
        peer(mosquitto, topic) as other,
        driven(switched_load, mosquitto, topic=topic, power=596.0) as load,
    ):
        await other.hears(b"OFF")
        await load.accepts(0.0)
        assert load.records == [
            Battery(setpoint=0.0, online=True, max_charge=596.0, max_discharge=0.0, min_power=596.0)
        ]


async def test_the_log_lists_it_at_the_start(mosquitto, topic, caplog):
    caplog.set_level("INFO")
    async with (
        driven(switched_load, mosquitto, topic=topic, power=596.0) as load,
        driven(switched_load, mosquitto, topic=f"{topic}/2") as unknown,
    ):
        await load.accepts(0.0)
        await unknown.accepts(0.0)
    assert f"{topic}: 596 to 596 W" in caplog.text
    assert f"{topic}/2: unknown W" in caplog.text


async def test_it_is_switched_in_the_words_of_its_relay(mosquitto, topic):
    words = {"topic": topic, "power": 596.0, "on": ON, "off": OFF}
    async with peer(mosquitto, topic) as other, driven(switched_load, mosquitto, **words) as load:
        for watts, taken in ((-596.0, -596.0), (0.0, 0.0), (-1.0, -596.0), (None, 0.0)):
            load.put(watts)
            await load.accepts(taken)
        await other.hears(*(text.encode() for text in (OFF, ON, OFF, ON, OFF)))


async def test_however_it_ends_it_is_off(mosquitto, topic):
    async with peer(mosquitto, topic) as other:
        async with driven(switched_load, mosquitto, topic=topic, power=596.0) as load:
            load.put(-596.0)
            await load.accepts(-596.0)
        await other.hears(b"OFF", b"ON", b"OFF")


async def test_of_unknown_power_it_draws_what_it_is_asked_to(mosquitto, topic):
    async with driven(switched_load, mosquitto, topic=topic) as load:
        load.put(-350.0)
        await load.accepts(-350.0)
        assert load.records[0].max_charge is None


async def test_two_relays_on_one_topic_are_both_told_after_an_outage(own_mosquitto):
    url, topic = own_mosquitto.url, "domoticz/in"
    one = {"topic": topic, "power": 500.0, "on": "1 on", "off": "1 off"}
    two = {"topic": topic, "power": 500.0, "on": "2 on", "off": "2 off"}
    async with (
        driven(switched_load, url, **one) as first,
        driven(switched_load, url, **two) as two_,
    ):
        for load in (first, two_):
            load.put(-500.0)
            await load.accepts(-500.0)
        own_mosquitto.stop()
        await until(lambda: all(load.records[-1].online is False for load in (first, two_)))
        own_mosquitto.start()
        await until(lambda: all(load.records[-1].online for load in (first, two_)))
        assert first.told("setpoint")[-1] == two_.told("setpoint")[-1] == -500.0
        async with peer(url, topic) as other:
            for load in (first, two_):
                load.put(0.0)
            await until(lambda: {b"1 off", b"2 off"} <= {payload for _, payload in other.said})


async def test_a_relay_switched_by_hand_is_noticed(mosquitto, topic):
    settings = {"topic": f"{topic}/cmd", "answers": topic, "power": 596.0}
    async with peer(mosquitto) as other, driven(switched_load, mosquitto, **settings) as load:
        await load.accepts(0.0)
        await says(other, topic, "ON", load, -596.0)
        await other.publish(topic, "perhaps")
        await says(other, topic, "OFF", load, 0.0)


async def test_a_relay_of_unknown_power_that_answers_on_draws_what_was_asked(mosquitto, topic):
    settings = {"topic": f"{topic}/cmd", "answers": topic}
    async with peer(mosquitto) as other, driven(switched_load, mosquitto, **settings) as load:
        load.put(-350.0)
        await load.accepts(-350.0)
        await says(other, topic, "OFF", load, 0.0)
        await says(other, topic, "ON", load, -350.0)
