"""Shares that are less than a battery can hold: others give them, or give way to it."""

from collections.abc import Sequence

from flowctl import Watts
from nodes._helpers.law.sharing.allocation import WORTHWHILE, Seat

BEGINS_AT, STOPS_AT = 0.6, 0.4  # of its minimum power: where a lone battery starts and stops
STAYS = 0.8  # of it, down to which one that works does not leave it to another: no to and fro


def lift(seats: Sequence[Seat], shares: dict[str, Watts]) -> dict[str, Watts]:
    """Leave nobody a share below its minimum power; a lone small one starts or stops."""
    for seat in seats:
        if 0 < shares[seat.name] < seat.ability.min_power:
            return _lifted(seats, shares)
    return shares


def alone(seat: Seat, share: Watts) -> Watts:
    """Run a battery at its minimum power, or not at all, with hysteresis."""
    least = seat.ability.min_power
    part = STOPS_AT if seat.ability.setpoint else BEGINS_AT
    return least if share > part * least and least <= seat.able else 0.0


def _lifted(seats: Sequence[Seat], shares: dict[str, Watts]) -> dict[str, Watts]:
    while small := [seat for seat in seats if 0 < shares[seat.name] < seat.ability.min_power]:
        seat = min(small, key=lambda seat: shares[seat.name])
        others = [other for other in seats if other is not seat and shares[other.name] > 0]
        if not others:
            return _left(seat, seats, shares)
        others.sort(key=lambda other: -shares[other.name])
        shares = _given(seat, others, shares)
    return shares


def _left(seat: Seat, seats: Sequence[Seat], shares: dict[str, Watts]) -> dict[str, Watts]:
    """Leave all of it to one that can hold so little, or run the last one at its minimum power."""
    share, least = shares[seat.name], seat.ability.min_power
    holders = [other for other in seats if other.ability.min_power <= share <= other.able]
    if not holders or (seat.ability.setpoint and share > STAYS * least):
        return {**shares, seat.name: alone(seat, share)}
    holder = min(holders, key=lambda other: other.ability.min_power)
    return {**shares, seat.name: 0.0, holder.name: share}


def _given(seat: Seat, others: Sequence[Seat], shares: dict[str, Watts]) -> dict[str, Watts]:
    """Give its share to the others, the largest first; if they are full, the largest gives way."""
    given, left = {**shares, seat.name: 0.0}, shares[seat.name]
    for other in others:
        more = min(left, max(0.0, other.able - shares[other.name]))
        given[other.name] += more
        left -= more
    largest, least = others[0], seat.ability.min_power
    rest = given[largest.name] + left - least
    if left <= (0 if seat.ability.setpoint else WORTHWHILE) or rest < largest.ability.min_power:
        return given
    return {**given, seat.name: least, largest.name: rest}
