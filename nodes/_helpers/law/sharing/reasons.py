"""Why each share of a plan is what it is, in words."""

from collections.abc import Mapping, Sequence

from flowctl import Watts
from nodes._helpers.law.sharing.allocation import Seat
from nodes._helpers.law.sharing.round import Round

BEYOND = "does more than it is told"
OFTEN = "has started and stopped too often: stays as it is for a while"
SMALL = "less than its minimum power"
SHARES = {
    "energy": "shares by energy",
    "soc": "shares by charge",
    "capacity": "shares by capacity",
    "power": "shares by power",
    "equal": "shares equally",
    "weighted": "shares by weight",
    "priority": "next in order",
    "efficiency": "one of few that lose least",
}
"""By strategy."""


def explain(
    now: Round,
    seats: Sequence[Seat],
    parts: Mapping[str, Watts],
    shares: Mapping[str, Watts],
    reasons: dict[str, str],
) -> None:
    """Say of each battery that is not at a limit why its share is what its part came to."""
    refused = f"all together accept {now.total:.0f}W at most" if now.refused else ""
    fits = refused or SHARES[now.policy.strategy]
    for seat in seats:
        share = shares.get(seat.name)
        if share is None:
            reasons[seat.name] = "not needed"
        elif share <= 0:
            reasons[seat.name] = SMALL if parts.get(seat.name) else refused or "not needed"
        elif seat.lost and share <= seat.lost + 1:
            reasons[seat.name] = "it is full: what its panels make"
        elif share < seat.sure - 1:
            reasons[seat.name] = fits


def covers(extra: Watts) -> str:
    """Say why the fastest gives more than its share, or less."""
    if extra > 0:
        return f"covers {extra:.0f}W still to come from others"
    return f"makes room for {-extra:.0f}W that others still give"
