"""Starts out of standby: who is at rest, and until when one that is told to start wakes up."""

from dataclasses import replace

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing.answers import LAGS, RESTS
from nodes._helpers.law.knowing.belief import Belief

RESTED = 3.0  # s for which it is told nothing, to be at rest
STANDBY = 25.0  # W that it gives then at most
LONG = 4.0  # s of start-up, from which on it is no part of an answer


def is_at_rest(belief: Belief, at: Seconds) -> bool:
    """Tell whether it has been told next to nothing for a while."""
    return abs(belief.accepted) < RESTS and at - belief.bank.begun[-1] >= RESTED


def awake_at(belief: Belief, setpoint: Watts, at: Seconds) -> Seconds:
    """Say from when on a battery answers that accepts a setpoint now.

    It is as if it were told then: until it is awake, it owes all of that, and teaches nothing.
    """
    start_up = belief.traits.start_up
    if start_up < LONG or abs(setpoint) < STANDBY or not is_at_rest(belief, at):
        return belief.awake_at
    return at + start_up if abs(belief.power or 0.0) < STANDBY else belief.awake_at


def woken(belief: Belief, at: Seconds) -> Belief:
    """Take one that is seen to move before it was to be awake for one that was awake."""
    begun = at - belief.dead - LAGS * belief.lag
    if belief.awake_at <= begun:
        return belief
    flights = tuple([(min(begun, begins), watts) for begins, watts in belief.flights])
    bank = banks.sooner(belief.bank, begun)
    return replace(belief, awake_at=begun, flights=flights, bank=bank)
