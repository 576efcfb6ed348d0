"""`claim` takes a battery that follows a meter of its own."""

import pytest
from hypothesis import given, settings

from flowctl import Battery, Expression
from flowctl.testing import play
from nodes.claim import claim
from tests.nodes.batteries import RECORDS
from tests.nodes.timelines import timelines

OWN = Battery(power=300.0, self_regulating=True, soc=50.0)
PLAIN = Battery(power=310.0)


def said(line, **given):
    return [record.self_regulating for _, record in play(claim, line, **given)]


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ([OWN, PLAIN], [False, False]),
        ([PLAIN, OWN], [None, False]),
        ([Battery(self_regulating=False), PLAIN], [False, False]),
    ],
)
def test_it_does_not_tell_that_a_battery_regulates_itself(records, told):
    assert said(list(enumerate(records))) == told


def test_while_it_is_not_ours_every_record_says_how_it_is():
    line = [(at, OWN if at in (0, 4) else PLAIN) for at in range(6)]
    mode = [(1.5, "Normal"), (3.5, "Selfcontrol")]
    where = Expression("mode != 'Selfcontrol'")
    told = said(line, others={"mode": mode}, where=Expression("mode == 'Normal'"))
    assert told == [True, True, False, False, True, True]
    assert said(line, others={"mode": mode}, where=where) == [False] * 4 + [True] * 2


@settings(deadline=None)
@given(timelines(RECORDS))
def test_all_else_passes(line):
    for (_, before), (_, after) in zip(line, play(claim, line), strict=True):
        fields = [name for name in Battery.__slots__ if name != "self_regulating"]
        assert [getattr(before, n) for n in fields] == [getattr(after, n) for n in fields]
