"""Dividing a total among batteries: by weight or in turn, under the limits of each."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple

from flowctl import Battery, Percent, Watts
from nodes._helpers.fleet import able
from nodes._helpers.law.sharing.allocation import in_turn, water_fill

By = Literal["equal", "weighted", "capacity", "power", "soc", "energy", "priority"]

CAPACITY_UNKNOWN = 5000.0  # Wh while a battery does not tell: about one common home battery
SOC_UNKNOWN = 50.0  # % while it does not tell its charge
WEIGHT_LEAST = 1e-3  # so that the last one with room gets what no other can take


class Rule(NamedTuple):
    """How to divide."""

    by: Sequence[By] = ("equal",)
    weights: Mapping[str, float] = MappingProxyType({})
    order: Sequence[str] = ()
    reverse: bool = False
    """Discharging goes through the order from behind."""
    spill: bool = True
    """What one cannot take goes to the others."""
    rating: Watts = 2500.0
    empty: Percent = 0.0
    full: Percent = 100.0


class Division(NamedTuple):
    """Who gets what, signed, and why."""

    watts: Mapping[str, Watts]
    reasons: Mapping[str, str]
    unmet: Watts


def divide(total: Watts, batteries: Mapping[str, Battery], rule: Rule) -> Division:
    """Divide a total among batteries."""
    sign = -1.0 if total < 0 else 1.0
    names = in_order(batteries, rule, sign)
    bounds = [bound_of(name, batteries[name], sign, rule) for name in names]
    limits = [limit for limit, _ in bounds]
    weights = [weigh(name, batteries[name], sign, limits[k], rule) for k, name in enumerate(names)]
    shares = _shares(abs(total), weights, limits, rule)
    watts, reasons = dict[str, float](), dict[str, str]()
    for name, share, (limit, why) in zip(names, shares, bounds, strict=True):
        watts[name] = sign * share + 0.0
        bound = total != 0 and share >= limit - 1e-6
        reasons[name] = why if bound else f"by {' and '.join(rule.by)}"
    unmet = total - sign * sum(shares)
    kept = {name: watts[name] for name in batteries}
    return Division(kept, reasons, unmet if abs(unmet) > 1e-6 else 0.0)


def by_phase(
    totals: Mapping[str, Watts], batteries: Mapping[str, Battery], on: Mapping[str, str], rule: Rule
) -> Division:
    """Divide the total of each phase among the batteries on it."""
    watts, reasons, unmet = dict[str, float](), dict[str, str](), 0.0
    for phase, total in totals.items():
        those = {name: told for name, told in batteries.items() if on[name] == phase}
        made = divide(total, those, rule)
        watts |= made.watts
        reasons |= {name: f"{phase}, {why}" for name, why in made.reasons.items()}
        unmet += made.unmet
    return Division(watts, reasons, unmet)


def in_order(batteries: Mapping[str, Battery], rule: Rule, sign: float) -> list[str]:
    """Name the batteries in the order in which they are filled; those not named come after."""
    first = [name for name in rule.order if name in batteries]
    names = [*first, *(name for name in batteries if name not in first)]
    return names[::-1] if rule.reverse and sign > 0 else names


def bound_of(name: str, battery: Battery, sign: float, rule: Rule) -> tuple[Watts, str]:
    """Return what a battery may do in one direction, a magnitude, and what binds it."""
    if "weighted" in rule.by and rule.weights.get(name, 1.0) <= 0:
        return 0.0, "has no weight"
    return able(battery, sign, rule.rating, rule.empty, rule.full)


def weigh(name: str, battery: Battery, sign: float, limit: Watts, rule: Rule) -> float:
    """Say how much of the total a battery deserves, in the measure of the rule."""
    soc = SOC_UNKNOWN if battery.soc is None else battery.soc
    room = soc - rule.empty if sign > 0 else rule.full - soc
    capacity = battery.capacity or CAPACITY_UNKNOWN
    weight = 1.0
    for part in rule.by:
        match part:
            case "weighted":
                weight *= rule.weights.get(name, 1.0)
            case "capacity":
                weight *= capacity
            case "power":
                weight *= limit
            case "soc":
                weight *= max(0.0, soc if sign > 0 else 100.0 - soc)
            case "energy":
                weight *= max(0.0, room) * capacity
            case _:
                pass
    return max(weight, WEIGHT_LEAST)


def _shares(total: Watts, weights: list[float], limits: list[Watts], rule: Rule) -> list[Watts]:
    if "priority" in rule.by:
        return in_turn(total, limits)
    if rule.spill:
        return water_fill(total, weights, limits)
    able = sum(weight for weight, limit in zip(weights, limits, strict=True) if limit > 0)
    parts = [weight / able * total if able else 0.0 for weight in weights]
    return [min(part, limit) for part, limit in zip(parts, limits, strict=True)]
