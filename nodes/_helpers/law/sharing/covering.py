"""What the fastest battery adds to its share until the others show theirs."""

import math
from collections.abc import Collection, Mapping, Sequence

from flowctl import Seconds, Watts
from nodes._helpers.law.sharing.allocation import WORTHWHILE, Seat
from nodes._helpers.law.sharing.round import Round
from nodes._helpers.law.sharing.small import alone


def covered(
    now: Round, seats: Sequence[Seat], shares: Mapping[str, Watts], *, late: bool
) -> dict[str, Watts]:
    """Return what batteries give beyond their shares, or less; the fastest seat is the first.

    The fastest does it alone; what would be too much for it goes to the next ones, as far as still
    slower ones owe it. None goes against the others, unless all others are late: then the fastest
    takes in what they were told to stop but still give, which the grid would get otherwise.
    """
    quick, *helpers = seats
    if helpers and now.is_beyond(quick.name):
        quick, *helpers = helpers
    share = shares[quick.name]
    wish = share + _owed(now, quick, shares, (quick.name,))
    least = _least(now, quick, share, wish, late=late)
    extra = {quick.name: _held(quick, max(least, min(quick.able, wish))) - share}
    if helpers and wish - quick.able > WORTHWHILE:
        extra.update(_helped(now, helpers, shares, quick, wish - quick.able))
    return extra


def _held(seat: Seat, watts: Watts) -> Watts:
    """Return what comes of it in a battery that cannot give as little as it likes."""
    if abs(watts) >= seat.ability.min_power:
        return watts
    return math.copysign(alone(seat, abs(watts)), watts)


def _least(now: Round, quick: Seat, share: Watts, wish: Watts, *, late: bool) -> Watts:
    if late and wish < 0:
        return -min(now.most(quick.name, -now.sign)[0], _ending(now, quick))
    return min(share, quick.ability.min_power)


def _ending(now: Round, seat: Seat) -> Watts:
    """Sum up what others still give against what they were told, when a command to this lands."""
    lands = _lands(now, seat)
    others = [other for name, other in now.usable.items() if name != seat.name]
    return sum(max(0.0, now.sign * (other.shows(lands) - other.setpoint)) for other in others)


def _helped(
    now: Round, helpers: Sequence[Seat], shares: Mapping[str, Watts], quick: Seat, left: Watts
) -> dict[str, Watts]:
    extra: dict[str, Watts] = {}
    faster = {quick.name}
    for seat in helpers:
        faster.add(seat.name)
        room = seat.able - shares[seat.name]
        if room <= WORTHWHILE:
            continue
        left = min(left, _owed(now, seat, shares, faster))
        if left <= WORTHWHILE:
            break
        given = shares[seat.name] + min(left, room)
        if given >= seat.ability.min_power:
            extra[seat.name] = given - shares[seat.name]
            left -= extra[seat.name]
    return extra


def _owed(now: Round, seat: Seat, shares: Mapping[str, Watts], but: Collection[str]) -> Watts:
    """Sum up what the others will still owe when a command to this one lands.

    What one was only tried with, and is not any more, it does not have to take back.
    """
    sign, lands, owed = now.sign, _lands(now, seat), 0.0
    for name, other in now.usable.items():
        if name not in but and not (other.setpoint * sign < 0 and now.is_held(name)):
            share, shows = shares.get(name, 0.0), sign * other.shows(lands)
            proven = other.proven_discharge if sign > 0 else other.proven_charge
            if proven is not None and shows > share:
                shows = max(share, min(shows, proven))
            owed += share - shows
    return owed


def _lands(now: Round, seat: Seat) -> Seconds:
    """Say when most of a command given now will show."""
    ability = seat.ability
    return now.at + ability.dead_time + ability.write_every + ability.lag / 2
