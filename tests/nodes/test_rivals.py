"""Two batteries without telemetry that move at once: whose timing is whose is judged jointly."""

from random import Random

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing import learning
from nodes._helpers.law.knowing.bank import TIMINGS
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.learning import Sample, learned
from nodes._helpers.law.knowing.resting import pruned
from nodes._helpers.law.knowing.rivals import FEW, Rivals, better, charged

QUICK, SLOW = (2.5, 1.0), (4.0, 2.0)  # s of dead time, and of lag
WRONG = ((6.0, 1.0), (2.0, 2.0))
EVERY, NOISE = 3, 8.0  # s between readings, W of the load
Two = dict[str, Belief]


def two(*timings: tuple[float, float]) -> Two:
    return {name: believe(*timing, 2500.0) for name, timing in zip("ab", timings, strict=True)}


def told(batteries: Two, watts: tuple[float, float], at: float) -> Two:
    asked = zip(batteries.items(), watts, strict=True)
    return {name: hear(it, Battery(setpoint=part), at) for (name, it), part in asked}


def lived(believed: Two, seed: int, seconds: int = 400) -> Two:
    """Tell a quick and a slow one, every 20 s, to give parts of something, and learn from it."""
    chance, true, sample = Random(seed), two(QUICK, SLOW), Sample(0.0, 0.0)
    for second in range(1, seconds):
        at = float(second)
        if second % 20 == 5:
            watts, part = chance.uniform(200, 2400), chance.uniform(0.35, 0.65)
            parts = (part * watts, (1 - part) * watts)
            believed, true = told(believed, parts, at), told(true, parts, at)
        if second % EVERY == 0:
            meter = chance.gauss(600, NOISE) - sum(it.shows(at) for it in true.values())
            taught, sample = learned(believed, sample, Sample(at, meter))
            believed = {name: pruned(it, at) for name, it in taught.items()}
    return believed


def known(seed: int, *timings: tuple[float, float]) -> bool:
    """Tell whether each is known to half a second, from that on."""
    truth = zip(lived(two(*timings), seed).values(), (QUICK, SLOW), strict=True)
    return max(abs(it.dead + it.lag - dead - lag) for it, (dead, lag) in truth) <= 0.5


SEEDS = range(1, 13)
WRONGS = [WRONG, ((8.0, 2.0), (1.0, 1.0)), ((4.0, 2.0), (2.5, 1.0))]


@pytest.mark.parametrize("wrong", WRONGS)
def test_two_that_hold_each_other_in_wrong_timings_are_found(wrong, monkeypatch):
    together = sum(known(seed, *wrong) for seed in SEEDS)
    monkeypatch.setattr(learning, "contested", lambda beliefs, known, *_: (beliefs, known))
    assert together >= 11 > 8 >= sum(known(seed, *wrong) for seed in SEEDS)


def test_two_that_are_known_stay_known():
    assert all(known(seed, QUICK, SLOW) for seed in SEEDS)


def test_nothing_is_judged_of_one_that_tells_what_it_does():
    telling = {name: hear(it, Battery(power=0.0), 0.5) for name, it in two(*WRONG).items()}
    sample = Sample(3.0, 600.0)
    _, after = learned(told(telling, (800.0, 700.0), 1.0), sample, Sample(6.0, 300.0))
    assert (after.lessons, after.rivals) == (1, {})


def test_of_three_each_pair_is_judged_in_turn():
    beliefs = {
        name: hear(believe(2.0, 1.0, 2500.0), Battery(setpoint=800.0), 1.0) for name in "abc"
    }
    sample = Sample(2.0, 2400.0)
    for at in (3.0, 4.0, 5.0, 6.0):
        beliefs, sample = learned(beliefs, sample, Sample(at, 2400.0 - 400.0 * at))
    assert list(sample.rivals) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_one_lesson_decides_nothing_and_what_nobody_explains_is_none():
    slow = [0.0] * len(FEW)
    quick = [500.0, *slow[1:]]
    once = charged(Rivals(), quick, slow, 500.0, 0.0)
    assert (min(once.costs), once.believed) == (970.0, 500.0)
    assert better(once, list(two(*WRONG).values())) == []
    assert charged(once, slow, slow, 500.0, 0.0) is once


def test_what_is_no_farther_off_than_the_load_allows_for_is_left_as_it_is():
    best = FEW.index((3.0, 1.0)) * len(FEW) + FEW.index((4.0, 2.0))
    costs = [100.0 if place == best else 5000.0 for place in range(len(FEW) ** 2)]
    rivals = Rivals(tuple(costs), 3000.0)
    assert better(rivals, list(two((3.5, 1.0), (4.5, 1.0)).values())) == []
    assert better(rivals, list(two(*WRONG).values())) == [(3.0, 1.0), (4.0, 2.0)]
    assert better(rivals._replace(believed=120.0), list(two(*WRONG).values())) == []


def test_the_few_are_among_the_timings_of_a_bank():
    assert set(FEW) <= set(TIMINGS)
