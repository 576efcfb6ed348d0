"""Telemetry that stands still while its battery moves: the meter shows that, so it is not believed.

A cloud or a gateway that answers from a cache brings the same power again and again, each time as
if it were new. Taken at its word, such a battery can no more, or does not hear. Many rightly tell
the same: one at rest, one that is full or stuck, one whose power is rounded. So only what the meter
shows counts (`still`): if it moves as it would if the battery obeyed, the battery is taken for one
that tells nothing of its power, until that changes.
"""

from collections.abc import Mapping
from dataclasses import replace

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing.band import AGE_SWAYS, oldest
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.flight import landed
from nodes._helpers.law.knowing.still import Reading, Still, Timing, weighed

SLOWEST = 3.0  # s between two readings: over more, load and answer cannot be told apart
OFF = 100.0  # W that it must be off what it tells: some round to 50 W, some err by 8 %


def repeated(belief: Belief, power: Watts, poll: Seconds, at: Seconds) -> Belief:
    """Take in a measurement that is the same again."""
    still = belief.still
    if still is None:
        return _begun(belief, power, belief.renewal.since)
    if still.is_wrong and _is_off(still, belief, poll, at):
        return _disbelieved(belief, still)
    return belief


def ignored(belief: Belief, at: Seconds) -> Belief:
    """Take in no more of one that is not believed than that it is there."""
    last = belief.measured_at or at
    renewal = belief.renewal.again(last)
    return _ignoring(belief, measured_at=max(at, last), renewal=renewal)


def another(belief: Belief, still: Still) -> Belief:
    """Believe what it tells again: that is something else now."""
    return _hearing(belief, power=still.power, still=None)


def told(belief: Belief, setpoint: Watts, at: Seconds) -> Belief:
    """Note that it accepts another setpoint while it tells the same."""
    still = belief.still
    if still is None:
        return belief
    if belief.away:  # nobody knows what it did before
        return _standing(belief, still=still._replace(moved=0.0, sent=()))
    return _standing(belief, still=still.told(at, setpoint - belief.accepted))


def compared(
    beliefs: Mapping[str, Belief],
    before: tuple[Seconds, Watts],
    now: tuple[Seconds, Watts],
    delta: Seconds,
) -> Mapping[str, Belief]:
    """Ask two readings of the meter about those that tell the same, though told something else."""
    asked = [name for name, it in beliefs.items() if it.still is not None and it.still.sent]
    if not asked or now[0] - before[0] > SLOWEST or any(map(_is_strange, beliefs.values())):
        return beliefs
    judged = dict(beliefs)
    for name in asked:
        others = [belief for other, belief in beliefs.items() if other != name]
        readings = _beside(others, *before, delta), _beside(others, *now, delta)
        judged[name] = _weighed(beliefs[name], *readings, delta)
    return judged


def _weighed(belief: Belief, before: Reading, now: Reading, delta: Seconds) -> Belief:
    still, dead, lag = belief.still, belief.dead, belief.lag
    if still is None or belief.away:
        return belief
    still = weighed(still, Timing(dead, lag, delta), before, now)
    over = landed(still.sent, dead + delta, lag, now.at)
    if over:
        still = still._replace(sent=still.sent[over:])
    if still.disbelieved and still.is_right:
        return _hearing(belief, power=still.power, still=Still(still.power, now.at))
    return _standing(belief, still=still)


def _beside(others: list[Belief], at: Seconds, watts: Watts, delta: Seconds) -> Reading:
    low = high = watts
    for belief in others:
        least, most = belief.may_show(at, delta)
        low += least
        high += most
    return Reading(at, low, high)


def _begun(belief: Belief, power: Watts, since: Seconds) -> Belief:
    """Begin with what it was told since: before that it moved, and may have come to an end."""
    sent = tuple([flight for flight in belief.flights if flight[0] >= since])
    moved = sum([change for _, change in sent])
    return _standing(belief, still=Still(power, since, moved, sent))


def _is_off(still: Still, belief: Belief, poll: Seconds, at: Seconds) -> bool:
    """Tell whether it should tell of it by now: its word may be of a while ago."""
    age = oldest(belief, poll) + AGE_SWAYS
    was = still.off(belief.dead, belief.lag, at - age)
    now = still.off(belief.dead, belief.lag, at)
    return min(was, now) > OFF or max(was, now) < -OFF


def _disbelieved(belief: Belief, still: Still) -> Belief:
    """Take it for one that tells nothing of its power, and is where it was told to be.

    What was made of its word since it stands still is no more.
    """
    if belief.expected != belief.accepted:
        bank = banks.at_rest(belief.bank, belief.accepted)
        belief = replace(belief, expected=belief.accepted, flights=still.sent, bank=bank)
    for charging in (False, True):
        if belief.ceiling(charging=charging).since >= still.since:
            belief = belief.under(Ceiling(), charging=charging)
    return replace(
        belief,
        power=None,
        witness=replace(belief.witness.calm(), against=0),
        answers=belief.answers._replace(asked=None),
        still=still._replace(disbelieved=True),
    )


def _is_strange(belief: Belief) -> bool:
    """Tell whether it moves by itself, maybe in the place of another one."""
    is_opposed = belief.witness.against and belief.still is None
    return bool(belief.facts.self_regulating or is_opposed)


_standing = changer(Belief, "still")
_hearing = changer(Belief, "power", "still")
_ignoring = changer(Belief, "measured_at", "renewal")
