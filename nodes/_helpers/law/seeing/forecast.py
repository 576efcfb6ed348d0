"""Which load is worth following: the newest one, or what it has been around lately."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from flowctl import Seconds, Watts

Guess = tuple[Watts, Watts, Watts]

SHORT, LONG = 8.0, 25.0  # s: medians of these windows hold the level of loads that pulse
MEMORY = 20.0  # s over which a forecast's error is remembered
ADVANTAGE = 0.9  # the newest load wins unless another is clearly better ...
HANDICAP = 5.0  # W ... for a median lags behind every real change
UNTRIED = 150.0  # W of error that a median begins with: it has to earn its trust
KEPT = 60.0  # s after which a guess is none any more: two readings of a slow meter


class Forecast(NamedTuple):
    """Three guesses of the load by the time a battery answers, and how wrong each has been."""

    times: tuple[Seconds, ...] = ()
    """Of the readings of late, oldest first."""
    loads: tuple[Watts, ...] = ()
    guesses: tuple[Guess, ...] = ()
    errors: Guess = (0.0, UNTRIED, UNTRIED)
    best: int = 0
    """Which guess has been right lately."""


def forecast(past: Forecast, load: Watts, at: Seconds, period: Seconds, ahead: Seconds) -> Forecast:
    """Take a load in: score what was guessed `ahead` seconds ago, and guess anew."""
    times, loads, guesses, errors, _ = past
    if known := bisect_right(times, at - ahead):
        errors = _scored(errors, guesses[known - 1], load, min(1.0, period / MEMORY))
    needed = bisect_right(times, at - max(LONG, ahead)) - 1
    old = max(needed, bisect_left(times, at - KEPT))
    times, loads = (*times[old:], at), (*loads[old:], load)
    short, long = bisect_left(times, at - SHORT), bisect_left(times, at - LONG)
    guess = (load, median(loads[short:]), median(loads[long:]))
    return Forecast(times, loads, (*guesses[old:], guess), errors, _best(errors))


def begun_anew(past: Forecast) -> Forecast:
    """Forget loads that were wrong, unless a level is held: how wrong each guess was stays."""
    return past if past.best else Forecast(errors=past.errors)


def worth_following(past: Forecast) -> Watts:
    """Name the guess that has been right lately."""
    return past.guesses[-1][past.best]


def is_pulsing(past: Forecast) -> bool:
    """Tell whether a level is held: the load moves faster than batteries answer."""
    return past.best > 0


def median(values: Sequence[float]) -> float:
    """Middle of one or more values: of the two middle ones, which are the same of an odd number."""
    ranked, half = sorted(values), len(values) // 2
    return (ranked[half] + ranked[~half]) / 2


def _best(errors: Guess) -> int:
    newest, short, long = ADVANTAGE * errors[0], errors[1] + HANDICAP, errors[2] + HANDICAP
    if newest <= short and newest <= long:
        return 0
    return 1 if short <= long else 2


def _scored(errors: Guess, guess: Guess, load: Watts, pace: float) -> Guess:
    """Take into the mean errors how far each guess was off."""
    (newest, short, long), (load_then, level, mean_level) = errors, guess
    return (
        newest + pace * (abs(load - load_then) - newest),
        short + pace * (abs(load - level) - short),
        long + pace * (abs(load - mean_level) - long),
    )
