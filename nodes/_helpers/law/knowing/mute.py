"""Batteries that tell nothing of what they do: the meter alone says that one does nothing.

What such a battery does not give shows as load. It would be asked for more and more, and what is
believed of the load would be wrong by all of that. So one of which the meter has shown nothing, by
any timing, after several hundred watts of sharp setpoints, is taken to be at rest and told so. If
that was wrong the meter shows it go there, and it is trusted again at once.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.doubt import Doubt, anew, is_told, weighed, wronged

SLOWEST = 3.0  # s between two readings: over more, load and answer cannot be told apart
CLEARLY = 0.5  # of the worst score: who of several is silent is only known if no other looks so


def doubted(
    beliefs: Mapping[str, Belief], since: Seconds, until: Seconds, fell: Watts
) -> Mapping[str, Belief]:
    """Judge from one reading, by which the meter fell, who of those that tell nothing answers.

    A house with one battery is left alone: there is nobody who could do more in its place.
    """
    mute = [name for name, belief in beliefs.items() if _is_mute(belief, until)]
    if not mute or until - since > SLOWEST or _count(beliefs) < 2:
        return beliefs
    moves = {name: belief.moves(since, until) for name, belief in beliefs.items()}
    given, judged = fell - sum(moves.values()), dict(beliefs)
    for name in mute:
        belief = beliefs[name]
        doubt, bank = weighed(belief.doubt, belief.bank, since, until, given + moves[name])
        judged[name] = _trusted(_weighing(belief, doubt=doubt, bank=bank), until)
    worst = min(mute, key=lambda name: judged[name].doubt.best)
    others = [name for name in mute if name != worst]
    if _is_dead(judged[worst], [judged[name].doubt for name in others], until):
        for name in others:  # they were judged by what was believed of this one
            judged[name] = replace(judged[name], doubt=anew(judged[name].doubt))
        judged[worst] = _at_rest(judged[worst], until)
    return judged


def _is_mute(belief: Belief, at: Seconds) -> bool:
    return belief.measured_at is None and not belief.away and is_told(belief.bank, at)


def _count(beliefs: Mapping[str, Belief]) -> int:
    return sum(not belief.absence for belief in beliefs.values())


def _is_dead(belief: Belief, others: list[Doubt], at: Seconds) -> bool:
    """Tell whether it is this one that nothing is seen of, or whether its try has failed."""
    doubt = belief.doubt
    ceiling = belief.ceiling(charging=doubt.charging)
    if ceiling.proven == 0 and belief.is_tried() and not belief.is_undecided(at):
        return True
    if not doubt.is_silent or ceiling.watts <= 0:
        return False
    return all(other.best >= CLEARLY * doubt.best for other in others)


def _at_rest(belief: Belief, at: Seconds) -> Belief:
    """Believe that it does nothing. The bank still knows what it was told: it may yet obey that."""
    doubt = anew(belief.doubt, belief.expected)
    belief = replace(belief, expected=0.0, flights=(), doubt=doubt)
    return belief.under(Ceiling(0.0, at, 0.0), charging=doubt.charging)


def _trusted(belief: Belief, at: Seconds) -> Belief:
    """Lift the ceiling of one that is seen to answer."""
    charging = belief.doubt.charging
    cut = belief.ceiling(charging=charging)
    if cut.proven == math.inf or not belief.doubt.is_answer:
        return belief
    if cut.is_fresh(at):
        belief = replace(belief, doubt=wronged(belief.doubt))
    return belief.under(Ceiling(), charging=charging)


_weighing = changer(Belief, "doubt", "bank")
