"""What of the shares is not counted on: what is only tried, and what stands in for slower ones."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from flowctl import Watts
from nodes._helpers.law.sharing.allocation import WORTHWHILE, Seat, of_reach


def uncounted(
    wants: Mapping[str, Watts], seats: Sequence[Seat], sign: float, given: Watts
) -> Mapping[str, Watts] | None:
    """Return what a battery is asked for beyond its part of what the house surely gets of all.

    `given` is that: what is needed, without what is known to be unmet. The fastest give more than
    their part as long as others owe theirs.
    """
    if sum(map(abs, wants.values())) <= given + WORTHWHILE:
        return None
    left = dict.fromkeys(wants, 0.0)
    for seat in sorted(seats, key=of_reach, reverse=True):
        left[seat.name] = max(0.0, min(sign * wants[seat.name], seat.sure, given))
        given -= left[seat.name]
    extra = {name: watts - sign * left[name] for name, watts in wants.items()}
    return MappingProxyType({name: watts for name, watts in extra.items() if watts})
