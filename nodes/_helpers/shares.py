"""A law of one number, worked on a number or on each share of a plan."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

from flowctl import Observable, Plan
from nodes._helpers.gone import is_gone
from nodes._helpers.operators import holding

S = TypeVar("S")
T = TypeVar("T", float, Plan)
Law = Callable[[S | None, float], tuple[S, float]]
"""From what it remembers (nothing at first) and a number to what it will, and what it says."""


def each_share(
    values: Observable[Any], law: Law[S], reason: str, *, missing: bool = False
) -> Observable[Any]:
    """Work a law on each number, or on each share of each plan; one per value.

    A share that was left out begins anew. What the law changed says `reason`, and with `missing`
    the power that it took away joins the plan's `unmet`.
    """

    def step(before: Any, value: Any) -> tuple[Any, Any]:
        if not isinstance(value, Plan):
            return law(before, value)
        known: Mapping[str, Any] = before or {}
        made = {name: law(known.get(name), watts) for name, watts in value.watts.items()}
        watts = {name: watts for name, (_, watts) in made.items()}
        states = {name: state for name, (state, _) in made.items()}
        return states, with_shares(value, watts, reason, missing=missing)

    return holding(values, None, step)


def with_shares(
    plan: Plan, watts: Mapping[str, float], reason: str, *, missing: bool = False
) -> Plan:
    """Put other shares into a plan; those that changed say why. One that went away has its 0 W."""
    watts = {name: 0.0 if is_gone(plan, name) else share for name, share in watts.items()}
    changed = {name: reason for name in watts if watts[name] != plan.watts.get(name)}
    if not changed and watts.keys() == plan.watts.keys():
        return plan
    return changed_to(plan, watts, changed, missing=missing)


def changed_to(
    plan: Plan, watts: Mapping[str, float], reasons: Mapping[str, str], *, missing: bool
) -> Plan:
    """Put other shares into a plan, with the reasons of those that changed."""
    taken, extra = _taken(plan, watts)
    return replace(
        plan,
        watts=MappingProxyType(dict(watts)),
        reasons=MappingProxyType({**plan.reasons, **reasons}),
        unmet=plan.unmet + taken if missing else plan.unmet,
        extra=extra,
    )


def _taken(plan: Plan, watts: Mapping[str, float]) -> tuple[float, Mapping[str, float] | None]:
    """Return what is missing of what was counted on, and what is left of the extra.

    What is taken away comes out of the extra first.
    """
    missing = math.fsum(plan.watts.values()) - math.fsum(watts.values())
    if plan.extra is None:
        return missing, None
    left = dict[str, float]()
    for name, extra in plan.extra.items():
        gone = plan.watts.get(name, 0.0) - watts.get(name, 0.0)
        spent = min(max(gone, min(extra, 0.0)), max(extra, 0.0))
        missing -= spent
        if extra != spent:
            left[name] = extra - spent
    return missing, MappingProxyType(left) if left else None
