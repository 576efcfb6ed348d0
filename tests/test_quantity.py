"""The pattern that editors hold a quantity against: none that is read may be marked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.signature.quantity import form, pattern
from flowctl.units import DURATIONS, SCALES, UnitError, reader

UNITS = ("W", "Wh", "s", "%", "V", "A", "Hz", "degC", "W/s", "*", "*/s")
WORDS = ("d", "day", "H", "hours", "w", "mo", "yrs", "mins", "secs", "msecs", "", "/s", "x")
PIECES = st.tuples(
    st.sampled_from(["", "-", "+", " "]),
    st.sampled_from(["0", "5", "2.5", ".5", "5.", "1e3", "1,5", ""]),
    st.sampled_from(["", " "]),
    st.sampled_from([*SCALES, *DURATIONS, *WORDS]),
    st.sampled_from(["", "", "/s", " ", ","]),
)


def is_read(text: str, unit: str) -> bool:
    try:
        reader(unit)(text)
    except UnitError:
        return False
    return True


@given(st.lists(PIECES, min_size=1, max_size=3), st.sampled_from(UNITS))
def test_whatever_is_read_fits(pieces, unit):
    text = "".join("".join(piece) for piece in pieces)
    if is_read(text, unit):
        assert re.search(pattern(unit), text)


@pytest.mark.parametrize("unit", UNITS)
def test_one_quantity_fits_just_where_it_is_read(unit):
    for suffix in (*SCALES, *DURATIONS, "V/s", "W/s", "", "bananas"):
        for number in ("0", "-2.5", "1e3"):
            bare_on_a_wire = not suffix and unit.startswith("*")
            fits = re.search(pattern(unit), number + suffix) is not None
            assert fits == (is_read(number + suffix, unit) or bare_on_a_wire), number + suffix


def test_what_is_filled_in_later_fits():
    assert all(re.search(pattern(unit), "-${most}") for unit in UNITS)


def test_a_long_text_is_soon_refused():
    for piece in ("1a.", "1 ", "1h ", "1.1", "1w1W"):
        assert not re.search(pattern("*"), piece * 5000 + "!")


def test_the_message_is_the_cure():
    assert form("s")["anyOf"][0]["errorMessage"] == "a quantity in s, e.g. 5s"
    assert "unit of the wire, e.g. 5W/s" in form("*/s")["anyOf"][0]["errorMessage"]
