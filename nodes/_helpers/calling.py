"""Who is called to work: one battery, several or all, by charge, with a choice that stands.

Source: rules of MMBC (vmangelschots/MMBC 32bb656, 54c4420).
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from flowctl import Ability, Outlook, Percent, Seconds, Watts
from nodes._helpers.law.knowing.notes import of_way
from nodes._helpers.timing import TINY

Split = Literal["all", "needed"]
SOC_UNKNOWN = 50.0  # % while a battery does not tell its charge
GIVES, TAKES = 1, -1


class Rules(NamedTuple):
    """What the user sets."""

    below: Watts = 2500.0
    split: Split = "all"
    hysteresis: Watts = 250.0
    every: Seconds = 300.0
    empty: Percent = 11.0
    full: Percent = 100.0
    resume: Percent = 1.0
    idle: Watts = 30.0


class Choice(NamedTuple):
    """Who is called in one direction, first to last."""

    order: tuple[str, ...] = ()
    at: Seconds = -math.inf
    """When it was made."""
    size: int = 0
    """How many of them work."""


class Called(NamedTuple):
    """What is remembered from one outlook to the next."""

    choices: Mapping[int, Choice] = MappingProxyType({})
    """By direction: a list made for charging is no good for discharging."""
    barred: Mapping[int, frozenset[str]] = MappingProxyType({})
    """Who is too empty to give, or too full to take."""
    working: tuple[str, ...] = ()
    reasons: Mapping[str, str] = MappingProxyType({})

    def why(self, name: str) -> str:
        """Say why one does not work."""
        return self.reasons.get(name, "")


NOBODY = Called()


def call(before: Called, outlook: Outlook, rules: Rules) -> Called:
    """Choose who works for one outlook."""
    way, power = (TAKES if outlook.target < 0 else GIVES), abs(outlook.target)
    barred = {one: _barred(before, outlook, one, rules) for one in (GIVES, TAKES)}
    able = {
        name: ability.can_discharge if way == GIVES else ability.can_charge
        for name, ability in outlook.batteries.items()
        if _is_there(ability) and name not in barred[way]
    }
    able = {name: watts for name, watts in able.items() if watts > 0}
    heard = {name: watts for name, watts in able.items() if _is_heard(outlook.batteries[name])}
    able = heard or able
    choice = _choice(before.choices.get(way, Choice()), outlook, able, way, rules)
    if power > rules.idle:
        choice = choice._replace(size=_count(choice, power, able, rules))
    working = choice.order[: choice.size] if power > rules.idle else ()
    reasons = _reasons(outlook, able, barred[way], way, rules, idle=power <= rules.idle)
    choices = MappingProxyType({**before.choices, way: choice})
    return Called(choices, MappingProxyType(barred), working, MappingProxyType(reasons))


def _is_there(ability: Ability) -> bool:
    return ability.available and not ability.self_regulating


def _is_heard(ability: Ability) -> bool:
    """Tell whether it has told or accepted anything; who never did comes after those who did."""
    return ability.power is not None or ability.soc is not None or ability.accepted_at > -math.inf


def _barred(before: Called, outlook: Outlook, way: int, rules: Rules) -> frozenset[str]:
    """Name those too empty to give or too full to take; they come back a little later."""
    was = before.barred.get(way, frozenset())

    def out(name: str, soc: Percent) -> bool:
        back = rules.resume if name in was else 0.0
        if way == GIVES:
            return soc <= rules.empty or soc < rules.empty + back
        return soc >= rules.full or soc > rules.full - back

    known = ((name, ability.soc) for name, ability in outlook.batteries.items())
    return frozenset(name for name, soc in known if soc is not None and out(name, soc))


def _choice(
    before: Choice, outlook: Outlook, able: Mapping[str, Watts], way: int, rules: Rules
) -> Choice:
    """Let the choice stand, or put those that are eligible in order anew; who joined may leave."""
    called = before.order[: max(1, before.size)]
    stands = called and all(name in able for name in called)
    if not stands or outlook.at - before.at >= rules.every - TINY:
        return Choice(_ranked(list(able), outlook, way), outlook.at)
    rest = [name for name in before.order if name in able]
    new = [name for name in able if name not in before.order]
    return before._replace(order=(*rest, *_ranked(new, outlook, way)))


def _ranked(names: Sequence[str], outlook: Outlook, way: int) -> tuple[str, ...]:
    """Put the fullest first to give, the emptiest to take."""

    def place(name: str) -> float:
        soc = outlook.batteries[name].soc
        return -way * (SOC_UNKNOWN if soc is None else soc)

    return tuple(sorted(names, key=place))


def _count(choice: Choice, power: Watts, able: Mapping[str, Watts], rules: Rules) -> int:
    """Say how many work: enough, and those that joined leave a little lower."""
    limits = [able[name] for name in choice.order]
    return max(
        _enough(limits, power, rules),
        min(choice.size, _enough(limits, power + rules.hysteresis, rules)),
    )


def _enough(limits: Sequence[Watts], power: Watts, rules: Rules) -> int:
    if power <= rules.below:
        wanted = 1
    else:
        wanted = len(limits) if rules.split == "all" else math.ceil(power / rules.below)
    while wanted < len(limits) and math.fsum(limits[:wanted]) < power:
        wanted += 1
    return min(wanted, len(limits))


def _reasons(
    outlook: Outlook,
    able: Mapping[str, Watts],
    barred: frozenset[str],
    way: int,
    rules: Rules,
    *,
    idle: bool,
) -> dict[str, str]:
    """Say for each battery why it does not work, if it does not."""
    if idle:
        return dict.fromkeys(outlook.batteries, f"up to {rules.idle:g}W nobody works")
    charge = f"empty: {rules.empty:g}% or less" if way == GIVES else f"full: {rules.full:g}%"
    return {
        name: charge
        if name in barred
        else "not called"
        if name in able
        else of_way(ability.note, way)
        for name, ability in outlook.batteries.items()
    }
