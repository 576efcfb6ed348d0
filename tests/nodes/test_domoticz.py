"""domoticz: values as Domoticz takes them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.testing import play
from nodes._helpers.payload import encoder
from nodes.domoticz import domoticz, message

TABLE = [
    (-250.4, "svalue", 0, {"idx": 648, "nvalue": 0, "svalue": "-250"}),
    (-0.4, "svalue", 0, {"idx": 648, "nvalue": 0, "svalue": "0"}),
    (12.345, "svalue", 1, {"idx": 648, "nvalue": 0, "svalue": "12.3"}),
    ("230.1;4.2", "svalue", 0, {"idx": 648, "nvalue": 0, "svalue": "230.1;4.2"}),
    (1.0, "nvalue", 0, {"idx": 648, "nvalue": 1}),
    (True, "switch", 0, {"command": "switchlight", "idx": 648, "switchcmd": "On"}),
    (0.0, "switch", 0, {"command": "switchlight", "idx": 648, "switchcmd": "Off"}),
]


@pytest.mark.parametrize(("value", "to", "decimals", "said"), TABLE)
def test_a_value_becomes_the_message_of_its_device(value, to, decimals, said):
    ((_, made),) = play(domoticz, [(0, value)], idx=648, to=to, decimals=decimals)
    assert dict(made) == said


def test_what_is_no_number_is_not_said():
    assert play(domoticz, [(0, math.nan), (1, None)], idx=1) == []


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_its_message_is_plain_json_with_a_text_that_is_a_number(value, decimals):
    payload = encoder("plain")(message(value, 5, "svalue", decimals))
    text = json.loads(payload)["svalue"]
    assert float(text) == pytest.approx(value, abs=0.51)
    assert text != "-0"
