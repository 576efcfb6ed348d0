"""Which load is worth following: the newest one, or what it has been around lately."""

from typing import NamedTuple, TypeVar

from flowctl import Seconds, Watts

T = TypeVar("T")
Guess = tuple[Watts, Watts, Watts]

SHORT, LONG = 8.0, 25.0  # s: medians of these windows hold the level of loads that pulse
MEMORY = 20.0  # s over which a forecast's error is remembered
ADVANTAGE = 0.9  # the newest load wins unless another is clearly better ...
HANDICAP = 5.0  # W ... for a median lags behind every real change
UNTRIED = 50.0  # W of error that a median begins with: it has to earn its trust
KEPT = 60.0  # s of guesses: more than any reaction time and two readings of a slow meter


class Forecast(NamedTuple):
    """Three guesses of the load by the time a battery answers, and how wrong each has been."""

    loads: tuple[tuple[Seconds, Watts], ...] = ()
    guesses: tuple[tuple[Seconds, Guess], ...] = ()
    errors: Guess = (0.0, UNTRIED, UNTRIED)


def forecast(past: Forecast, load: Watts, at: Seconds, period: Seconds, ahead: Seconds) -> Forecast:
    """Take a load in: score what was guessed `ahead` seconds ago, and guess anew."""
    loads = (*younger(past.loads, at - LONG), (at, load))
    recent = [watts for when, watts in loads if when >= at - SHORT]
    guess = (load, median(recent), median([watts for _, watts in loads]))
    pace, errors = min(1.0, period / MEMORY), past.errors
    earlier = _guessed(past.guesses, at - ahead)
    if earlier:
        one, two, three = errors
        errors = (
            one + pace * (abs(load - earlier[0]) - one),
            two + pace * (abs(load - earlier[1]) - two),
            three + pace * (abs(load - earlier[2]) - three),
        )
    return Forecast(loads, (*younger(past.guesses, at - KEPT), (at, guess)), errors)


def worth_following(past: Forecast) -> Watts:
    """Name the guess that has been right lately."""
    return past.guesses[-1][1][_best(past.errors)]


def is_pulsing(past: Forecast) -> bool:
    """Tell whether a level is held: the load moves faster than batteries answer."""
    return _best(past.errors) > 0


def median(values: list[float]) -> float:
    """Middle of one or more values."""
    ranked = sorted(values)
    half, odd = divmod(len(ranked), 2)
    return ranked[half] if odd else (ranked[half - 1] + ranked[half]) / 2


def _best(errors: Guess) -> int:
    newest, short, long = errors
    scores = (ADVANTAGE * newest, short + HANDICAP, long + HANDICAP)
    return scores.index(min(scores))


def _guessed(guesses: tuple[tuple[Seconds, Guess], ...], at: Seconds) -> Guess | None:
    """Return what was guessed last at or before a time."""
    for when, guess in reversed(guesses):
        if when <= at:
            return guess
    return None


def younger(entries: tuple[tuple[Seconds, T], ...], than: Seconds) -> tuple[tuple[Seconds, T], ...]:
    """Drop entries before a time; they are in order, and few are old."""
    for k, entry in enumerate(entries):
        if entry[0] >= than:
            return entries[k:]
    return ()
