"""Quantities as people write them."""

import pytest

from flowctl.units import UnitError, expand, misspelt, parse, parse_any, set_apart


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2,5kW", "2.5kW"),
        ("2,5 kW", "2.5kW"),
        ("2.5kw", "2.5kW"),
        ("2.5KWH", "2.5kWh"),
        ("12 percent", "12%"),
        ("300 Watt", "300W"),
        ("20 C", "20degC"),
    ],
)
def test_what_was_meant_by_a_quantity_is_told(text, meant):
    with pytest.raises(UnitError, match=f"did you mean '{meant}'"):
        parse_any(text)
    with pytest.raises(UnitError, match=f"did you mean '{meant}'"):
        parse(text, "W")
    parse_any(meant)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("value > 1h30m", "value > 5400.0"),
        ("1h30m < value or 2m5s", "5400.0 < value or 125.0"),
        ("value < 90s", "value < 90.0"),
        ("x1h30m", "x1h30m"),
    ],
)
def test_durations_in_expressions_may_be_put_together(text, plain):
    assert expand(text) == plain


@pytest.mark.parametrize("text", ["2.5kW", "hello", "max(2, 5)", "x2kw", "5 apples", ""])
def test_nothing_is_guessed_of_what_is_right_or_quite_something_else(text):
    assert misspelt(text) == ""


def test_quantities_are_set_apart_in_an_expression():
    assert set_apart("value < 2 kW and x1 > 5%") == ("value < _q0 and x1 > _q1", ["2 kW", "5%"])


@pytest.mark.parametrize(
    "text", ["value == '5s'", 'value == "5s"', r"value == 'a\'5s'", "x['5 W']"]
)
def test_what_stands_in_quotes_is_no_quantity(text):
    assert expand(text) == text
    assert expand(f"{text} and value < 5s") == f"{text} and value < 5.0"
