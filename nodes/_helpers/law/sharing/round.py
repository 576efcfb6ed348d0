"""One allocation under way: what the user wants, what the house needs, and who can serve it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from flowctl import Ability, Seconds, Watts
from nodes._helpers.law.knowing.notes import of_way
from nodes._helpers.law.sharing.allocation import sun_alone
from nodes._helpers.law.sharing.by_name import FULL, ByName
from nodes._helpers.law.sharing.following import BEYOND, REFUSED, Following
from nodes._helpers.law.sharing.losses import Losses

ONLY_SUN = ": what its panels make"
Strategy = Literal[
    "energy", "soc", "capacity", "power", "equal", "weighted", "priority", "efficiency"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The user's wishes."""

    reserve: ByName = field(default_factory=lambda: ByName(10.0))
    ceiling: ByName = field(default_factory=lambda: ByName(FULL))
    strategy: Strategy = "energy"
    order: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    share: Watts = 300.0
    losses: Losses = field(default_factory=Losses)
    least_on: Seconds = 180.0

    @property
    def named(self) -> set[str]:
        """Names of batteries that the user wrote."""
        wishes = (self.reserve, self.ceiling, self.losses.standby)
        return {*self.order, *self.weights, *(name for wish in wishes for name in wish.own)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One allocation under way; powers are magnitudes in the direction of `sign`."""

    at: Seconds
    total: Watts
    sign: float
    policy: Policy
    usable: Mapping[str, Ability]
    """Batteries that can be commanded."""
    spared: frozenset[str]
    """Who of them is at its reserve."""
    refused: Watts = 0.0
    """What is wanted beyond `total`, and a step further down does not let through."""
    following: Mapping[str, Following] = field(default_factory=lambda: MappingProxyType({}))
    """How each followed so far."""

    def allows(self, name: str, watts: Watts) -> bool:
        """Tell whether a battery may do this, in whichever direction."""
        return abs(watts) <= self.most(name, -1.0 if watts < 0 else 1.0)[0]

    def most(self, name: str, sign: float) -> tuple[Watts, str]:
        """Return what a battery may do in a direction, and what binds it there."""
        ability = self.usable[name]
        if sign > 0:
            able = ability.can_discharge
            if name in self.spared:
                why = f"at its reserve of {self.policy.reserve.of(name):g}%"
                return sun_alone(ability), why + ONLY_SUN if ability.sun else why
        else:
            ceiling = self.policy.ceiling.of(name)
            if ability.soc is not None and ability.soc >= ceiling:
                return 0.0, f"charged to {ceiling:g}%"
            able = ability.can_charge
        if ability.note and (note := of_way(ability.note, sign)):
            return able, note
        return able, "at its limit" if able > 0 else "can do nothing this way now"

    def is_beyond(self, name: str) -> bool:
        """Tell whether it does clearly more than it is asked for, come what may."""
        followed = self.following.get(name)
        if followed is None or self.at - followed.since <= BEYOND:
            return False
        return abs(self.usable[name].setpoint) - abs(followed.asked) > REFUSED

    def is_held(self, name: str) -> bool:
        """Tell whether one that goes the other way is made to, by a full charge say."""
        followed = self.following.get(name)
        return followed is not None and followed.limit(self.sign, self.at) <= 0
