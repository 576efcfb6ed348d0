"""Learning how fast batteries answer, from what their steps do to the meter."""

from collections.abc import Mapping
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers import bank as banks
from nodes._helpers.belief import Belief

EVERY = 0.9  # s between samples: the bank needs changes of about a second
PERIOD_BELOW = 3.0  # s: a slower meter tells nothing of timing
STEP = 100.0  # W that a step must have to stand out of the load's own noise
LISTEN = 20.0  # s after a step: all but the slowest candidates have answered by then


class Sample(NamedTuple):
    """A reading that timing is learned from."""

    at: Seconds
    meter: Watts


def learned(beliefs: Mapping[str, Belief], last: Sample, now: Sample) -> dict[str, Belief]:
    """Let each battery with a step under way explain the change between two readings."""
    moves = {
        name: belief.shows(now.at) - belief.shows(last.at) if belief.flights else 0.0
        for name, belief in beliefs.items()
    }
    given = last.meter - now.meter - sum(moves.values())
    return {
        name: _explained(belief, last.at, now.at, given + moves[name])
        if _stepping(belief, now.at)
        else belief
        for name, belief in beliefs.items()
    }


def _stepping(belief: Belief, at: Seconds) -> bool:
    return any(at - accepted < LISTEN and abs(change) > STEP for accepted, change in belief.flights)


def _explained(belief: Belief, since: Seconds, until: Seconds, given: Watts) -> Belief:
    bank = banks.judge(belief.bank, since, until, given)
    dead, lag = banks.best(bank)
    return belief._replace(bank=bank, dead=dead, lag=lag)
