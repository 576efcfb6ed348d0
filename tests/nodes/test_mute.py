"""A battery that tells nothing of its power: the meter alone says when it does nothing."""

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes._helpers.law.knowing.bank import TIMINGS, at_rest, new_bank, stepped
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.doubt import SILENT, Doubt
from nodes._helpers.law.knowing.mute import doubted
from tests.nodes.small_house import Cell, SmallHouse

RATED = 2500.0
STEPS = (200.0, 1200.0, 200.0, 1800.0, -600.0, 800.0)


def load_of(
    levels: tuple[float, ...] = STEPS, each: float = 60.0, noise: float = 10.0, seed: int = 1
) -> Callable[[float], float]:
    chance = Random(seed)
    return lambda now: levels[int(now / each) % len(levels)] + chance.gauss(0.0, noise)


def drawn(seed: int, each: float = 60.0) -> Callable[[float], float]:
    chance = Random(seed)
    levels = tuple(chance.uniform(200.0, 2400.0) for _ in range(50))
    return load_of(levels, each, seed=seed)


def mute(**settings: Any) -> Cell:
    return Cell(silent=True, **settings)


def doubts(house: SmallHouse, name: str = "mute") -> list[bool]:
    return ["nothing that" in outlook.batteries[name].note for outlook in house.outlooks]


def apart(house: SmallHouse, name: str = "mute") -> float:
    """Return by how much the house is wrong about a battery that nothing is under way to."""
    return abs(house.outlooks[-1].batteries[name].setpoint - house.given[name])


def test_one_that_does_nothing_is_noticed_and_the_house_is_seen_as_it_is(monkeypatch):
    def lived() -> SmallHouse:
        return SmallHouse({"good": Cell(), "mute": mute(most=0.0)}, load_of()).run(900)

    house = lived()
    assert any(doubts(house))
    assert apart(house) <= 250  # it may be tried again just now
    monkeypatch.setattr("nodes._helpers.law.seeing.house.doubted", lambda beliefs, *_: beliefs)
    assert house.mean(600) < 0.85 * lived().mean(600)


def test_one_that_answers_again_is_trusted_again():
    cells = {"good": Cell(), "mute": mute(most=0.0)}
    house = SmallHouse(cells, load_of()).run(400)
    assert any(doubts(house))
    cells["mute"].most = RATED
    house.run(1200)
    assert not any(doubts(house)[-600:])
    assert apart(house) < 30


def test_one_that_stops_while_it_delivers_is_noticed():
    cells = {"good": Cell(), "mute": mute()}
    house = SmallHouse(cells, load_of()).run(300)
    assert not any(doubts(house))
    cells["mute"].most = 0.0
    house.run(400)
    assert any(doubts(house))


def test_one_that_keeps_its_power_whatever_it_is_told_is_noticed():
    cells = {"good": Cell(), "mute": mute()}
    house = SmallHouse(cells, load_of()).run(100)
    assert house.given["mute"] > 300
    cells["mute"].dead = 1e6  # no command reaches it any more
    cells["mute"].sent.clear()
    house.run(900)
    assert any(doubts(house))


@pytest.mark.parametrize(
    ("cells", "noise", "every"),
    [
        ({"mute": mute()}, 10, 1.0),
        ({"mute": mute(dead=6.0, lag=2.0)}, 10, 1.0),
        ({"mute": mute(dead=9.0, lag=0.5)}, 10, 1.0),
        ({"mute": mute(lag=4.0)}, 10, 1.0),
        ({"mute": mute(gain=0.6)}, 10, 1.0),
        ({"mute": mute()}, 50, 1.0),
        ({"mute": mute()}, 10, 0.5),
        ({"mute": mute()}, 10, 2.0),
        ({"mute": mute()}, 10, 5.0),
        ({"mute": mute()}, 10, 10.0),
        ({"mute": mute(), "twin": mute()}, 10, 1.0),
        ({"mute": mute(dead=0.6), "twin": mute(dead=4.0, lag=1.5)}, 10, 1.0),
    ],
)
def test_one_that_answers_is_not_doubted(cells, noise, every):
    house = SmallHouse({"good": Cell(), **cells}, load_of(noise=noise))
    house.meter_every = every
    house.run(1500)
    assert not any(doubts(house))


@pytest.mark.parametrize("seed", range(6))
def test_one_that_gives_a_third_is_not_doubted(seed):
    """It leaves nearly as little at the meter as one that gives nothing."""
    house = SmallHouse({"good": Cell(), "mute": mute(gain=0.3)}, drawn(seed)).run(1500)
    assert not any(doubts(house))


def test_a_hob_that_pulses_casts_no_doubt():
    steady = load_of()
    house = SmallHouse(
        {"good": Cell(), "mute": mute()},
        lambda now: steady(now) + (1800.0 if now % 420 < 180 and now % 7 < 2 else 0.0),
    )
    assert not any(doubts(house.run(1500)))


def test_a_lone_battery_is_not_doubted_as_nobody_could_do_more_in_its_place():
    assert not any(doubts(SmallHouse({"mute": mute(most=0.0)}, load_of()).run(600)))


def test_of_two_that_tell_nothing_the_right_one_is_found():
    """Mostly, and never the wrong one."""
    found = 0
    for seed in range(6):
        cells = {"fine": mute(dead=0.8), "dead": mute(most=0.0), "good": Cell()}
        house = SmallHouse(cells, drawn(seed, each=45)).run(900)
        assert not any(doubts(house, "fine"))
        found += any(doubts(house, "dead"))
    assert found >= 5


def told(*setpoints: tuple[float, float]) -> Belief:
    """Return what is believed of one that answers after 2 s and 0.5 s more, told this."""
    belief, bank, held, flights = believe(2.0, 0.5, RATED), new_bank(2.0, 0.5), 0.0, []
    bank = at_rest(bank, 0.0)
    for at, watts in setpoints:
        bank, flights = stepped(bank, watts, at), [*flights, (at, watts - held)]
        held = watts
    return replace(
        belief, bank=bank, flights=tuple(flights), expected=held, accepted=held, away=False
    )


def idle() -> Belief:
    return replace(believe(1.0, 0.5, RATED), measured_at=0.0, away=False)


def after(belief: Belief, shows: Callable[[float], float], begin: int, end: int) -> Belief:
    """Hear a reading a second from a house whose meter shows this."""
    beliefs = {"mute": belief, "good": idle()}
    for at in range(begin + 1, end + 1):
        beliefs = dict(doubted(beliefs, at - 1.0, float(at), shows(at - 1) - shows(at)))
    return beliefs["mute"]


def test_a_wrong_verdict_is_taken_back_as_soon_as_the_meter_shows_it_stop():
    belief = told((0.0, 1000.0))
    doubt = Doubt((-SILENT,) * len(TIMINGS), -SILENT)
    cut = after(replace(belief, doubt=doubt), lambda _: 0.0, 30, 31)
    assert cut.discharge == Ceiling()  # nothing sharp of late: nothing to judge
    cut = after(replace(belief, doubt=doubt), lambda _: 0.0, 3, 4)
    assert (cut.expected, cut.discharge.watts) == (0.0, 0.0)
    stopping = replace(cut, bank=stepped(cut.bank, 0.0, 4.5), accepted=0.0)

    def goes(at: float) -> float:
        return 1000.0 * (1 - math.exp(-max(0.0, at - 6.5) / 0.5))

    wronged = after(stopping, goes, 4, 12)
    assert wronged.discharge == Ceiling()
    assert wronged.doubt.patience == 2.0
    dead = after(stopping, lambda _: 0.0, 4, 12)
    assert dead.discharge.watts == 0.0


def test_what_load_does_meanwhile_makes_nobody_dead_at_once():
    belief = told((0.0, 1000.0))
    gone = after(belief, lambda at: 1000.0 if at < 3 else 2000.0, 0, 4)
    assert gone.discharge == Ceiling()


@settings(max_examples=16, deadline=None)
@given(
    gain=st.sampled_from([0.0, 0.0, 0.3, 0.6, 1.0]),
    most=st.sampled_from([300.0, RATED]),
    timings=st.tuples(st.floats(0.4, 5.0), st.floats(0.3, 2.0), st.floats(0.4, 3.0)),
    levels=st.lists(
        st.sampled_from([-900.0, 200.0, 700.0, 1500.0, 2200.0]), min_size=3, max_size=5
    ),
    every=st.sampled_from([0.5, 1.0, 2.0]),
    seed=st.integers(0, 1000),
)
def test_any_house_with_one_that_tells_nothing_comes_to_rest(
    gain, most, timings, levels, every, seed
):
    dead, lag, other = timings
    cells = {"good": Cell(dead=other), "mute": mute(dead=dead, lag=lag, gain=gain, most=most)}
    house = SmallHouse(cells, load_of((*levels, 900.0), 40.0, 8.0, seed))
    house.meter_every = every
    house.run(40.0 * len(levels))
    house.load = lambda _: 900.0
    house.run(200)
    assert median(map(abs, house.grid[-1000:])) < 60  # one that is tried again is no rest
