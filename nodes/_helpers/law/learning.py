"""Learning how fast batteries answer, from what their steps do to the meter."""

from collections.abc import Mapping
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law import bank as banks
from nodes._helpers.law.belief import Belief

EVERY = 0.9  # s between samples at first: the bank needs changes of about a second ...
EVERY_LATER = 2.7  # s ... and later, as it costs a third and tells as much
LESSONS = 60  # samples after which it is later: some minutes with steps
STEP = 100.0  # W that a step must have to stand out of the load's own noise
LISTEN = 20.0  # s after a step: all but the slowest candidates have answered by then


class Sample(NamedTuple):
    """A reading that timing is learned from."""

    at: Seconds
    meter: Watts
    lessons: int = 0
    """How many samples before it taught anything."""


def is_due(last: Sample, at: Seconds) -> bool:
    """Tell whether it is time for the next sample."""
    return at - last.at >= (EVERY if last.lessons < LESSONS else EVERY_LATER)


def learned(beliefs: Mapping[str, Belief], last: Sample, now: Sample) -> Mapping[str, Belief]:
    """Let each battery with a step under way explain the change between two readings."""
    stepping = [name for name, belief in beliefs.items() if _is_stepping(belief, now.at)]
    if not stepping:
        return beliefs
    moves = {
        name: belief.shows(now.at) - belief.shows(last.at) if belief.flights else 0.0
        for name, belief in beliefs.items()
    }
    given = last.meter - now.meter - sum(moves.values())
    taught = dict(beliefs)
    for name in stepping:
        taught[name] = _explained(beliefs[name], last.at, now.at, given + moves[name])
    return taught


def _is_stepping(belief: Belief, at: Seconds) -> bool:
    if belief.is_tried():  # an answer that may never come would look like a late one
        return False
    return any(at - accepted < LISTEN and abs(change) > STEP for accepted, change in belief.flights)


def _explained(belief: Belief, since: Seconds, until: Seconds, given: Watts) -> Belief:
    bank = banks.judge(belief.bank, since, until, given)
    dead, lag = banks.best(bank)
    return belief._replace(bank=bank, dead=dead, lag=lag)
