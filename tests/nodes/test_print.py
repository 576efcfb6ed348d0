from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Latest, Plan
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers.say import filled, say
from nodes.print import print as print_node


async def printed(capsys: pytest.CaptureFixture[str], value: Any, **settings: str) -> str:
    box: Latest[Any] = Latest()
    box.put(value)
    box.close()
    await print_node(box, **settings)
    return capsys.readouterr().out


def test_it_is_a_sink_and_its_first_setting_the_format() -> None:
    spec = read_node(print_node, "print")
    assert (spec.kind, spec.first_setting) == (NodeKind.SINK, "format")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (-321.5, "-321.5"),
        (1000.0, "1000"),
        (0.1 + 0.2, "0.3"),
        (3, "3"),
        (True, "true"),
        ("on", "on"),
        (None, "-"),
        (Battery(power=300.0, soc=60.0), "power=300 soc=60"),
        (Battery(), ""),
        (
            Plan(watts={"left": 300.0, "right": 0.0}, unmet=5.0, valid_until=8.0),
            "watts=(left=300 right=0) reasons=() unmet=5 valid_until=8",
        ),
        ((1.0, 2.0), "[1, 2]"),
    ],
)
async def test_a_value_is_one_line(
    capsys: pytest.CaptureFixture[str], value: Any, line: str
) -> None:
    assert await printed(capsys, value) == line + "\n"


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("grid {value:.0f} W", -321.5, "grid -322 W"),
        ("grid {} W", 5.0, "grid 5 W"),
        ("{soc:.0f} % {power}", Battery(power=300.0, soc=60.4), "60 % 300"),
        ("{soc:.0f} %", Battery(), "- %"),
        ("{nothing}", 5.0, "-"),
        ("left {left:.0f}", Plan(watts={"left": 300.0}), "left 300"),
        ("{value:.0f}", "on", "on"),
        ("{{{value}}}", 5.0, "{5}"),
    ],
)
def test_a_format_is_filled(text: str, value: Any, line: str) -> None:
    assert filled(text, value) == line


async def test_an_ill_formed_format_is_refused_before_any_value() -> None:
    with pytest.raises(ValueError, match=r"'grid {value' has a brace that is not closed"):
        await print_node(Latest(), format="grid {value")


@given(st.text(), st.floats() | st.text() | st.none())
def test_no_format_fails_on_a_value(text: str, value: Any) -> None:
    with suppress(ValueError):
        assert isinstance(filled(text, value), str)


@given(st.recursive(st.none() | st.floats() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_everything_can_be_said(value: Any) -> None:
    assert isinstance(say(value), str)
