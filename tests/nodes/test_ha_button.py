"""ha_button: a button pressed in Home Assistant reaches the flow."""

from nodes.ha_button import ha_button
from tests.nodes.entities import control


async def test_each_press_counts_and_one_that_the_broker_kept_is_none(mosquitto, topic):
    async with control(ha_button, mosquitto, topic) as (heard, seen):
        for said in ("PRESS", "PRESS", "anything"):
            await seen.other.publish(f"{topic}/set", said, qos=1, retain=True)
        await heard.until(1.0, 2.0, 3.0)
        told = await seen.described("button", "it", topic)
    assert told["command_topic"] == f"{topic}/set"
    assert "state_topic" not in told
    async with control(ha_button, mosquitto, topic) as (heard, seen):
        await seen.other.publish(f"{topic}/set", "PRESS", qos=1)
        await heard.until(1.0)
