"""Learning how fast batteries answer, from what their steps do to the meter."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing.band import oldest
from nodes._helpers.law.knowing.bank import Bank
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.rivals import Pair, Rivals, contested

EVERY = 0.9  # s between samples at first: the bank needs changes of about a second ...
EVERY_LATER = 2.7  # s ... and later, as it costs a third and tells as much
LESSONS = 60  # samples after which it is later: some minutes with steps
STEP = 100.0  # W that a step must have to stand out of the load's own noise
LISTEN = 20.0  # s after a step: all but the slowest candidates have answered by then

METER = 6.0  # s that the meter may be behind a battery: its own mean, and its way; or, once ...
METER_SWAYS = 1.5  # ... that was learned, so much more
APART = 60.0  # W of a move: more than measurements stray


class Sample(NamedTuple):
    """A reading that timing is learned from."""

    at: Seconds
    meter: Watts
    lessons: int = 0
    """How many samples before it taught anything."""
    rivals: Mapping[Pair, Rivals] = MappingProxyType({})
    """Timings judged by pairs, of batteries that tell nothing."""


def is_due(last: Sample, at: Seconds) -> bool:
    """Tell whether it is time for the next sample."""
    return at - last.at >= (EVERY if last.lessons < LESSONS else EVERY_LATER)


def learned(
    beliefs: Mapping[str, Belief], last: Sample, now: Sample, *, pulsing: bool = False
) -> tuple[Mapping[str, Belief], Sample]:
    """Let each battery with a step under way explain the change between two readings.

    Beside pulses only those learn that have no other teacher: the end of a pulse comes as long
    after a command as an answer would. Not to learn would be worse: wrong timings pulse, too.
    """
    stepping = [
        name
        for name, belief in beliefs.items()
        if _is_stepping(belief, now.at) and not (pulsing and belief.poll)
    ]
    if not stepping:
        return beliefs, Sample(now.at, now.meter, last.lessons, last.rivals)
    moves = {name: belief.moves(last.at, now.at) for name, belief in beliefs.items()}
    given = last.meter - now.meter - sum(moves.values())
    taught = {
        name: _explained(beliefs[name], last.at, now.at, given + moves[name]) for name in stepping
    }
    mute = [name for name in stepping if beliefs[name].measured_at is None]
    beliefs, rivals = _by_pairs({**beliefs, **taught}, last, mute, moves, given)
    return beliefs, Sample(now.at, now.meter, last.lessons + 1, rivals)


def jump(belief: Belief, power: Watts | None) -> Watts:
    """Return how far a battery says that it moved; nothing if that may be noise."""
    was = belief.power
    if power is None or was is None:
        return 0.0
    moved = power - was
    return moved if abs(moved) > APART else 0.0


def corrected(belief: Belief, moved: Watts, at: Seconds) -> Belief:
    """Let a battery's own word tell against every timing that shows no such move.

    Of batteries that move at once the meter cannot tell who was late; and a step that is not
    served looks like one that is slow, unless it is known that the battery has moved. The word is
    as old as telemetry may be, or ahead of a late meter.
    """
    since, poll = belief.measured_at, belief.poll
    if since is None or poll is None or belief.is_tried():
        return belief
    late = max(METER, METER_SWAYS - belief.traits.behind)
    moments = (since - oldest(belief, poll), since, at, at + late)
    return _believing(belief, banks.contradict(belief.bank, moments, moved))


def unlearned(belief: Belief) -> Belief:
    """Take a battery that is at its ceiling for no slower than before it was asked for more."""
    bank = banks.unlearned(belief.bank)
    return belief if bank.costs == belief.bank.costs else _believing(belief, bank)


def begun_anew(belief: Belief) -> Belief:
    """Forget what was learned of its timing in this run."""
    dead, lag = belief.began
    costs = banks.new_bank(dead, lag, known=belief.timed).costs
    bank = replace(belief.bank, costs=costs, before=())
    return _timing(belief, dead=dead, lag=lag, bank=bank)


def _is_stepping(belief: Belief, at: Seconds) -> bool:
    for accepted, change in belief.flights:
        if at - accepted < LISTEN and abs(change) > STEP:
            return not belief.is_tried()  # an answer that may never come would look like a late one
    return False


def _by_pairs(
    beliefs: Mapping[str, Belief],
    last: Sample,
    mute: list[str],
    moves: Mapping[str, Watts],
    given: Watts,
) -> tuple[Mapping[str, Belief], Mapping[Pair, Rivals]]:
    """Let two of those that tell nothing explain it together, each pair in turn."""
    pairs = list(combinations(mute, 2))
    if not pairs:
        return beliefs, last.rivals
    pair = pairs[last.lessons % len(pairs)]
    believed = sum(moves[name] for name in pair)
    return contested(beliefs, last.rivals, pair, given + believed, believed)


def _explained(belief: Belief, since: Seconds, until: Seconds, given: Watts) -> Belief:
    return _believing(belief, banks.judge(belief.bank, since, until, given))


def _believing(belief: Belief, bank: Bank) -> Belief:
    if bank is belief.bank:
        return belief
    dead, lag = banks.best(bank)
    return _timing(belief, dead=dead, lag=lag, bank=bank)


_timing = changer(Belief, "dead", "lag", "bank")
