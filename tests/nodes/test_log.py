"""`log` writes what flows by, and lets it flow."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.testing import play
from nodes.log import log, read
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("{value}", 5.0, "5.0"),
        ("{}", 5.0, "5.0"),
        ("grid {value:.0f} W", 1234.6, "grid 1235 W"),
        ("{soc} % {power:+.1f} W", Battery(soc=50.0, power=-3.0), "50.0 % -3.0 W"),
        ("{value / 2 + 1kW}", 10.0, "1005.0"),
        ("{{plain}} %d", 5.0, "{plain} %d"),
        ("{soc}", Battery(), "None"),
        ("{1 / value}", 0.0, "0.0"),
        ("{value:.1f}", "off", "off"),
        ("{value:.1f}", None, "None"),
        ("said so", 5.0, "said so"),
        ("{value}", Battery(soc=50.0, mode="Auto"), "soc=50 mode=Auto"),
        ("{value}", {"a": Battery(soc=50.0), "b": None}, "a=(soc=50)"),
    ],
)
def test_it_writes_the_text(caplog, text, value, line):
    with caplog.at_level(logging.INFO):
        assert play(log, [(1, value)], text=text) == [(1, value)]
    assert caplog.messages == [line]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_it_is_as_loud_as_told(caplog, level):
    with caplog.at_level(logging.DEBUG):
        play(log, [(1, 5.0)], level=level)
    assert [record.levelname.lower() for record in caplog.records] == [level]


def test_a_level_nobody_reads_writes_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        assert play(log, [(1, 5.0)]) == [(1, 5.0)]
    assert caplog.messages == []


@pytest.mark.parametrize("text", ["{value", "{value.__class__}", "{import os}", "{value.real()}"])
def test_a_text_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read(text)


@settings(deadline=None)
@given(timelines(st.floats(allow_nan=False) | st.text() | st.none()))
def test_everything_passes_as_it_came(line):
    assert play(log, line, text="{value:.1f}", level="debug") == line
