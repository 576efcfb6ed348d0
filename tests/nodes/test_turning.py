"""A steady load of about half a battery's smallest power: its relay turns seldom."""

import math
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from nodes._helpers.law.knowing.ability import ability
from nodes._helpers.law.knowing.belief import believe
from nodes._helpers.law.sharing.following import Following
from nodes._helpers.law.sharing.reasons import OFTEN
from nodes._helpers.law.sharing.round import Policy, Round
from nodes._helpers.law.sharing.turning import LEAKS, STILL, Turning, steadied
from tests.nodes.small_house import Cell, SmallHouse

LEAST = 80.0


class Relay(Cell):
    """Told less than half its smallest power it stands, told more it gives that."""

    def held(self, watts: float) -> float:
        if abs(watts) >= LEAST:
            return watts
        return math.copysign(LEAST, watts) if abs(watts) >= LEAST / 2 else 0.0


def night(dead: float, lag: float) -> SmallHouse:
    chance, sway = Random(1), [0.0]

    def load(_: float) -> float:
        sway[0] = 0.98 * sway[0] + chance.gauss(0.0, 1.0)
        return 35.0 + sway[0]

    return SmallHouse({"left": Relay(dead=dead, lag=lag)}, load).run(1800)


def switches(house: SmallHouse) -> int:
    told = [watts != 0 for _, watts in house.cells["left"].sent]
    return sum(before != after for before, after in pairwise(told))


@pytest.mark.parametrize(("dead", "lag"), [(2.4, 1.2), (5.0, 3.0)])
def test_its_relay_turns_far_less_and_no_more_passes_the_meter_than_either_way(
    dead, lag, monkeypatch
) -> None:
    house = night(dead, lag)
    assert house.mean(1500) < LEAST - 35.0 + 5.0
    monkeypatch.setattr("nodes._helpers.law.sharing.step.steadied", lambda *_: STILL)
    assert switches(house) < 0.4 * switches(night(dead, lag))


def one(setpoint: float, total: float, *, at: float = 0.0, soc: float = 60.0) -> Round:
    says = ability(believe(2.0, 1.0, 2500.0))
    says = replace(says, setpoint=setpoint, min_power=LEAST, soc=soc)
    return Round(
        at=at,
        total=abs(total),
        sign=math.copysign(1.0, total),
        policy=Policy(),
        usable={"left": says},
        spared=frozenset({"left"} if soc < 10 else ()),
        following={"left": Following(asked=setpoint)},
    )


TIRED = 4.0


@pytest.mark.parametrize(
    ("is_on", "total", "wish", "given"),
    [
        (True, 30.0, 0.0, LEAST),
        (True, 5.0, 0.0, 0.0),
        (True, -30.0, 0.0, 0.0),
        (False, 60.0, LEAST, 0.0),
        (False, 75.0, LEAST, LEAST),
        (False, 400.0, 400.0, 400.0),
        (False, -60.0, -LEAST, 0.0),
    ],
)
def test_one_that_turned_often_stays_as_it_is_where_that_is_as_good(is_on, total, wish, given):
    before = Turning("left", is_on=is_on, turns=TIRED, at=0.0)
    wants, reasons = {"left": wish}, {}
    after = steadied(before, one(LEAST * is_on, total), wants, reasons)
    assert wants == {"left": given}
    assert (reasons == {"left": OFTEN}) == (given != wish) == (after == before)


def test_one_that_has_turned_seldom_turns_at_once_and_a_turn_is_forgotten() -> None:
    before = Turning("left", is_on=True, turns=TIRED, at=0.0)
    for turning, at in ((before._replace(turns=TIRED - 1), 0.0), (before, LEAKS)):
        wants = {"left": 0.0}
        after = steadied(turning, one(LEAST, 30.0, at=at), wants, {})
        assert wants == {"left": 0.0}
        assert not after.is_on
        assert after.at == at


def test_one_at_its_reserve_stops_however_often_it_has_turned() -> None:
    wants, tired = {"left": 0.0}, Turning("left", is_on=True, turns=9.0, at=0.0)
    steadied(tired, one(LEAST, 30.0, soc=5.0), wants, {})
    assert wants == {"left": 0.0}


def test_who_is_not_alone_or_is_gone_is_no_matter_of_this() -> None:
    tired = Turning("left", is_on=True, turns=9.0, at=0.0)
    for wants in ({"left": 200.0, "right": 200.0}, {"right": 0.0}, {}):
        before = dict(wants)
        assert steadied(tired, one(LEAST, 30.0), wants, {}) == STILL
        assert wants == before
