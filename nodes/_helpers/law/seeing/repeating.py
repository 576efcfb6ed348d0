"""Readings that are the same again: whether they are any, and what was learned from such as none.

A meter that is asked more often than it has something new to say would seem to stand still while
batteries move; one that freezes does.
"""

import math
from collections.abc import Mapping

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.learning import begun_anew
from nodes._helpers.law.seeing.observer import Grid
from nodes._helpers.law.seeing.standing import Standing, begun, ended, repeated


def may_repeat(grid: Grid, watts: Watts) -> bool:
    """Tell whether there is anything to judge; with most readings there is not."""
    standing, is_first = grid.standing, grid.began_at == math.inf
    same = watts == grid.meter and not is_first
    return same or standing.since < math.inf or bool(standing.renewal.stood)


def judged(grid: Grid, beliefs: Mapping[str, Belief], watts: Watts, at: Seconds) -> Standing:
    """Say what a reading that is the same again may mean; after a silence it is another one."""
    before = grid.standing
    if watts != grid.meter or (at > grid.valid_until and not before.frozen):
        return ended(before, at)
    if before.since == math.inf:
        before = begun(before, grid.began_at, grid.read_at, grid.period)
    return repeated(before, beliefs, watts, at)


def is_reading(grid: Grid, standing: Standing, watts: Watts, at: Seconds) -> bool:
    """Tell whether it is one: neither of a frozen meter, nor the last one told again."""
    if standing.frozen:
        return False
    return watts != grid.meter or standing.renewal.is_next(grid.read_at, at)


def unlearned(
    beliefs: Mapping[str, Belief], before: Standing, now: Standing
) -> Mapping[str, Belief]:
    """Forget timings that were learned while each repeat was taken for a reading."""
    if before.renewal.every or not now.renewal.every:
        return beliefs
    return {name: begun_anew(belief) for name, belief in beliefs.items()}
