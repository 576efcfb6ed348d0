"""`restrict` counts what a battery may not do as what it cannot do."""

import pytest
from hypothesis import given, settings

from flowctl import Expression
from flowctl.testing import play
from nodes.restrict import restrict
from tests.nodes.outlooks import OUTLOOKS, view

HOUSE = view(500.0, left=50.0, right={"can_discharge": 900.0, "note": "delivers 900W at most"})


def limits(outlook):
    return {n: (a.can_charge, a.can_discharge) for n, a in outlook.batteries.items()}


def only(said):
    [(_, outlook)] = said
    return outlook


@pytest.mark.parametrize(
    ("settings", "left", "right"),
    [
        ({"discharge": "False"}, (2500, 0), (2500, 0)),
        ({"charge": "False"}, (0, 2500), (0, 900)),
        ({"charge": "False", "discharge": "False"}, (0, 0), (0, 0)),
        ({"discharge": "target < 400"}, (2500, 0), (2500, 0)),
        ({"discharge": "target > 400"}, (2500, 2500), (2500, 900)),
        ({"max_charge": 800.0, "max_discharge": 1000.0}, (800, 1000), (800, 900)),
        ({"max_charge": 800.0, "charge": "False"}, (0, 2500), (0, 900)),
        ({"discharge": "False", "only": ["left"]}, (2500, 0), (2500, 900)),
        ({"discharge": "unheard > 3"}, (2500, 2500), (2500, 900)),
    ],
)
def test_what_is_forbidden_cannot_be_done(settings, left, right):
    made = {
        name: Expression(value) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    assert limits(only(play(restrict, [(1, HOUSE)], **made))) == {"left": left, "right": right}


def test_a_stream_decides():
    blocked = [(1.5, True), (2.5, False)]
    line = [(at, HOUSE) for at in (1, 2, 3)]
    said = play(restrict, line, others={"blocked": blocked}, discharge=Expression("not blocked"))
    assert [limits(outlook)["left"][1] for _, outlook in said] == [2500, 0, 2500]


def test_it_says_what_is_forbidden_and_keeps_other_notes():
    outlook = only(play(restrict, [(1, HOUSE)], discharge=Expression("False")))
    assert [a.note for a in outlook.batteries.values()] == [
        "may not discharge now", "may not discharge now, delivers 900W at most",
    ]  # fmt: skip
    outlook = only(play(restrict, [(1, HOUSE)], charge=Expression("False")))
    assert outlook.batteries["left"].note == "may not charge now"
    both = {"charge": Expression("False"), "discharge": Expression("False")}
    assert only(play(restrict, [(1, HOUSE)], **both)).batteries["left"].note == "may do nothing now"
    outlook = only(play(restrict, [(1, HOUSE)], max_discharge=2000.0, max_charge=1500.0))
    assert outlook.batteries["left"].note == "may give 2000W at most, may take 1500W at most"
    assert outlook.batteries["right"].note == "may take 1500W at most, delivers 900W at most"


def test_all_else_of_the_outlook_passes():
    outlook = only(play(restrict, [(1, HOUSE)], charge=Expression("True")))
    assert outlook == HOUSE


def test_nothing_to_forbid_is_refused():
    with pytest.raises(ValueError, match="forbids nothing"):
        play(restrict, [])


@settings(deadline=None)
@given(OUTLOOKS)
def test_no_battery_is_ever_able_to_more(line):
    said = play(restrict, line, max_charge=1000.0, discharge=Expression("target < 0"))
    assert len(said) == len(line)
    for (_, before), (_, after) in zip(line, said, strict=True):
        for name, ability in after.batteries.items():
            assert ability.can_charge <= min(1000.0, before.batteries[name].can_charge)
            assert ability.can_discharge <= before.batteries[name].can_discharge
            assert ability.can_discharge == 0 or before.target < 0
