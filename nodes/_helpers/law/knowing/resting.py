"""Batteries of which nothing is on its way: at rest, released, gone, or left to themselves."""

import math
from collections.abc import Mapping
from dataclasses import replace

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.flight import landed
from nodes._helpers.law.knowing.learning import unlearned


def at_rest(belief: Belief, watts: Watts) -> Belief:
    """Believe that it delivers this now and that nothing is in flight."""
    bank = banks.at_rest(belief.bank, watts)
    witness = belief.witness.calm()
    return replace(
        belief, expected=watts, awake_at=-math.inf, flights=(), bank=bank, witness=witness
    )


def let_go(belief: Belief) -> Belief:
    """Expect nothing of a battery that is gone, was released, or goes by its own meter."""
    if belief.away and belief.expected == 0 and not belief.flights:
        return belief
    if belief.facts.online is False:  # it did not answer at all before that was known
        belief = unlearned(belief)
    return replace(at_rest(belief, 0.0), accepted=0.0, away=True)


def given_back(belief: Belief) -> Belief:
    """Expect nothing of a battery without a plan; one told to stop is on its way there."""
    return let_go(belief) if belief.accepted else belief


def missed(belief: Belief, absence: str) -> Belief:
    """Note why it cannot be commanded, or (empty) that it can again."""
    belief = let_go(belief) if absence else belief
    return belief if absence == belief.absence else replace(belief, absence=absence)


def pruned(belief: Belief, at: Seconds) -> Belief:
    """Drop the flights that have landed."""
    over = landed(belief.flights, belief.dead, belief.lag, at)
    return _flying(belief, flights=belief.flights[over:]) if over else belief


def all_pruned(beliefs: Mapping[str, Belief], at: Seconds) -> Mapping[str, Belief]:
    """Drop the flights of all that have landed; at most readings none has."""
    for belief in beliefs.values():
        if landed(belief.flights, belief.dead, belief.lag, at):
            return {name: pruned(it, at) for name, it in beliefs.items()}
    return beliefs


_flying = changer(Belief, "flights")
