"""`quarantine` leaves a battery alone that ignores its setpoints."""

import logging

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import play
from nodes.quarantine import ignores, quarantine
from tests.nodes.batteries import RECORDS
from tests.nodes.timelines import timelines


@pytest.mark.parametrize(
    ("setpoint", "power", "ignored"),
    [
        (500.0, 0.0, True),
        (500.0, 49.0, True),
        (500.0, 50.0, False),
        (500.0, -300.0, True),
        (-500.0, -300.0, False),
        (-500.0, 0.0, True),
        (99.0, 0.0, False),
        (None, 0.0, False),
        (500.0, None, False),
    ],
)
def test_next_to_nothing_is_no_answer(setpoint, power, ignored):
    assert ignores(Battery(setpoint=setpoint, power=power), 0.1, 100.0) is ignored


def run(records, **wishes):
    line = [(at, record) for at, record in enumerate(records)]
    wishes = {"settle": 0.0} | wishes
    return [record.online for _, record in play(quarantine, line, **wishes)]


DEAF = Battery(setpoint=500.0, power=0.0)


def test_after_three_in_a_row_it_counts_as_offline_and_then_is_asked_again():
    assert run([DEAF] * 6, lasts="3s") == [None, None, False, False, False, True]


def test_it_has_time_to_begin():
    assert run([DEAF] * 8, settle="4s", times=2) == [None] * 5 + [False] * 3
    turned = Battery(setpoint=-500.0, power=0.0)
    assert run([*[DEAF] * 4, *[turned] * 4], settle="4s", times=1) == [None] * 8


def test_one_answer_in_between_is_enough():
    assert run([DEAF, DEAF, Battery(power=400.0), DEAF, DEAF]) == [None] * 5


def test_records_without_a_measurement_count_nothing():
    assert run([DEAF, *[Battery(setpoint=500.0)] * 5]) == [None] * 6


def test_the_log_tells_once_when_it_goes_and_once_when_it_is_back(caplog):
    with caplog.at_level(logging.INFO):
        run([DEAF] * 5 + [Battery(power=500.0)], lasts="3s", times=2)
    assert [record.getMessage() for record in caplog.records] == [
        "does not follow its setpoint: left alone for 3s", "is asked again",
    ]  # fmt: skip


@settings(deadline=None)
@given(timelines(RECORDS))
def test_nothing_but_online_is_ever_changed(line):
    for (_, before), (_, after) in zip(line, play(quarantine, line), strict=True):
        assert (after.power, after.soc, after.setpoint) == (
            before.power, before.soc, before.setpoint,
        )  # fmt: skip
