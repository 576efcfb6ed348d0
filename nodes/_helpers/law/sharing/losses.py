"""What batteries lose while they work: their standby, and what grows with power."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from flowctl import Percent, Watts
from nodes._helpers.law.sharing.allocation import Seat, of_able, of_weight, water_fill
from nodes._helpers.law.sharing.by_name import ByName

Curve = Sequence[tuple[Watts, Watts]]
"""Losses by power, both W, with rising power."""

STANDBY, PART, RISE = 10.0, 0.035, 1.2e-5  # W, W/W, W/W2: losses of a common home battery


class Losses(NamedTuple):
    """Losses of each battery by power; standby counts as soon as one works."""

    standby: ByName = ByName(STANDBY)
    curve: Curve | None = None
    """Above 0 W; `None`: that of a common home battery."""

    def of(self, seats: Sequence[Seat], total: Watts) -> Watts:
        """Return what a set of batteries loses that shares a total."""
        shares = water_fill(total, [*map(of_weight, seats)], [*map(of_able, seats)])
        return sum(self.at(seat.name, share) for seat, share in zip(seats, shares, strict=True))

    def at(self, name: str, power: Watts) -> Watts:
        """Return what one loses that works at a power."""
        standby = self.standby.of(name)
        if self.curve is None:
            return standby + PART * power + RISE * power * power
        return loss(((0.0, standby), *self.curve), power)


def standard_curve() -> Curve:
    """Losses by power where no curve is given."""
    powers = [50.0 * k for k in range(101)]
    return tuple((p, STANDBY + PART * p + RISE * p * p) for p in powers)


def read_curve(efficiency: Mapping[Watts, Percent]) -> Curve:
    """Turn efficiencies by power, as data sheets give them, into losses."""
    return tuple((p, p * (1 - e / 100)) for p, e in sorted(efficiency.items()))


def loss(curve: Curve, power: Watts) -> Watts:
    """Read a curve between its points; below the first its losses are what it takes to be on."""
    if power <= curve[0][0] or len(curve) == 1:
        return curve[0][1]
    for (p, low), (q, high) in pairwise(curve):
        if power <= q or q == curve[-1][0]:
            return low + (high - low) * (power - p) / (q - p)
    raise AssertionError
