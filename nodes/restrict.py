"""Forbid batteries to charge or to discharge for the time being."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any

from flowctl import Ability, Condition, Ge, NamesBatteries, Observable, Outlook, Watts
from nodes._helpers.expressions import work_out
from nodes._helpers.law.knowing.notes import noted
from nodes._helpers.operators import NONE, Receiver, each_with


def restrict(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    others: Annotated[
        Mapping[str, Observable[Any]], "streams that the expressions see by name"
    ] = NONE,
    *,
    charge: Annotated[Condition | None, "true while charging is allowed"] = None,
    discharge: Annotated[Condition | None, "true while discharging is allowed"] = None,
    max_charge: Annotated[Watts | None, Ge(0), "most that each may take"] = None,
    max_discharge: Annotated[Watts | None, Ge(0), "most that each may give"] = None,
    only: Annotated[
        list[str] | None, NamesBatteries(), "the batteries meant; if not given, all"
    ] = None,
) -> Observable[Outlook]:
    """Pass the outlook, with what batteries may not do now counted as what they cannot do.

    One per outlook, read by a law in place of the outlook itself, so that nothing is promised that
    is clamped away later. `discharge: "mode != 'Hold'"` with `others: {mode: mode}` keeps the
    charge; the expressions see the outlook's own fields too. What is not known forbids nothing.

    Example:
        - from: plan/response_predictor
        - restrict: {discharge: not sunny, others: [sunny]}

    Raises:
        ValueError: nothing is forbidden.
    """
    if charge is None and discharge is None and max_charge is None and max_discharge is None:
        raise ValueError("restrict forbids nothing; give charge, discharge or a limit")

    def hear(say: Receiver[Outlook], newest: Mapping[str, Any]) -> Receiver[Outlook]:
        def most(rule: Condition | None, limit: Watts | None, outlook: Outlook) -> Watts | None:
            allowed = True if rule is None else work_out(rule, outlook, newest)
            return limit if allowed is None or allowed else 0.0

        def receive(outlook: Outlook) -> None:
            takes = most(charge, max_charge, outlook)
            gives = most(discharge, max_discharge, outlook)
            say(restricted(outlook, takes, gives, only))

        return receive

    return each_with(outlook, others, hear)


def restricted(
    outlook: Outlook, takes: Watts | None, gives: Watts | None, only: list[str] | None = None
) -> Outlook:
    """Return an outlook in which each battery takes and gives no more than that."""
    if takes is None and gives is None:
        return outlook
    made = {
        name: _lowered(ability, takes, gives) if only is None or name in only else ability
        for name, ability in outlook.batteries.items()
    }
    return replace(outlook, batteries=MappingProxyType(made))


def _lowered(ability: Ability, takes: Watts | None, gives: Watts | None) -> Ability:
    charge, discharge = _least(ability.can_charge, takes), _least(ability.can_discharge, gives)
    if (charge, discharge) == (ability.can_charge, ability.can_discharge):
        return ability
    if takes == gives == 0:
        return replace(ability, can_charge=0.0, can_discharge=0.0, note="may do nothing now")
    note = ability.note
    if charge < ability.can_charge:
        note = noted(f"may take {charge:.0f}W at most" if charge else "may not charge now", note)
    if discharge < ability.can_discharge:
        said = f"may give {discharge:.0f}W at most" if discharge else "may not discharge now"
        note = noted(said, note)
    return replace(ability, can_charge=charge, can_discharge=discharge, note=note)


def _least(able: Watts, most: Watts | None) -> Watts:
    return able if most is None else min(able, most)
