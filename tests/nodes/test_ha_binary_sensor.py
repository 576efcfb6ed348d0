"""ha_binary_sensor: whether something holds, in Home Assistant."""

import math

import pytest

from flowctl import Battery
from nodes._helpers.ha_values import truth
from nodes.ha_binary_sensor import ha_binary_sensor
from tests.nodes.entities import seen
from tests.nodes.streams import saying

TRUTHS = [
    (True, True),
    (False, False),
    (1.0, True),
    (0.0, False),
    (math.nan, None),
    ("ON", True),
    ("no", False),
    ("perhaps", None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), TRUTHS)
def test_truth_is_a_bool_a_number_or_a_word(value, expected):
    assert truth(value) is expected


async def test_it_is_on_while_the_field_holds(mosquitto, topic, caplog):
    settings = {"device_class": "connectivity", "field": "online", "id": "left_online"}
    settings |= {"topic": f"{topic}/left", "prefix": topic, "expire": 0.2}
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_binary_sensor, broker=mosquitto, name="Left", **settings) as box,
    ):
        box.put(Battery(online=True))
        await there.shows(f"{topic}/left", "ON")
        box.put(Battery(soc=5.0))
        box.put({"online": "perhaps"})
        box.put(Battery(online=False))
        await there.shows(f"{topic}/left", "OFF")
        told = await there.described("binary_sensor", "left_online", topic)
    assert told["device_class"] == "connectivity"
    assert told["expire_after"] == 1


async def test_what_is_neither_is_told(mosquitto, topic, caplog):
    async with (
        seen(mosquitto, topic) as there,
        saying(ha_binary_sensor, broker=mosquitto, name="A", prefix=topic, topic=f"{topic}/a") as b,
    ):
        b.put("perhaps")
        await there.described("binary_sensor", "flowctl_a", topic)
        b.put("on")
        await there.shows(f"{topic}/a", "ON")
    assert "neither on nor off: 'perhaps'" in caplog.text
