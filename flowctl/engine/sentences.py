"""Values of wires, and what a step made of one, in words for people."""

from collections.abc import Mapping
from typing import Any

from flowctl.recordings.plain import plain
from flowctl.units import show
from flowctl.values import Ability, Battery, Outlook, Plan, Release, known

SAME = 0.05  # of any unit: values this near print alike
FIELDS = {"power": "W", "setpoint": "W", "soc": "%"}  # of a battery that people ask for
FINE = 100.0  # of any unit: above, tenths are of no interest
LONGEST = 160  # characters of a value that is not a record of ours
# why a battery is given back, if nothing ran out:
STOPPED, ENDED = "the flow stops", "what it listens to has ended"
REMOVED, CHANGED = "its step is removed", "its step changed"
HANDED = "somebody else has it"


def apart(one: float | None, other: float | None, by: float = SAME) -> bool:
    """Tell whether two powers differ, or one of them is none."""
    if one is None or other is None:
        return one is not other
    return not abs(one - other) < by


def words(value: Any, unit: str | None = None, name: str | None = None) -> str:
    """Put a value into words; `name` is the battery that is asked about and comes first."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return show(round(value + 0.0, 0 if abs(value) >= FINE else 1), unit)
    if isinstance(value, Plan):
        return _plan(value, name)
    if isinstance(value, Outlook):
        return _outlook(value, name)
    if isinstance(value, Battery):
        told = known(value)
        said = [f"{key} {words(told[key], FIELDS[key])}" for key in FIELDS if key in told]
        return ", ".join(said) or "nothing of its power"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(part)}" for key, part in value.items())[:LONGEST]
    return "nothing" if value is None else _other(value)


def made(before: Any, after: Any, units: tuple[str | None, str | None], name: str) -> str:
    """Say what a step made of a value: passed it on, changed it, or made something else."""
    if same(before, after):
        return f"passed on {words(after, units[1], name)}"
    if isinstance(before, Plan) and isinstance(after, Plan):
        return _changed(before, after, name)
    if isinstance(before, float) and isinstance(after, float):
        return f"made {words(after, units[1])} of {words(before, units[0])}"
    return f"made {words(after, units[1], name)}"


def same(before: Any, after: Any) -> bool:
    """Tell whether nothing that matters was changed."""
    if before is after:
        return True
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, float) and isinstance(after, float):
        return abs(before - after) < SAME
    if isinstance(before, Plan) and isinstance(after, Plan):
        return _alike(before.watts, after.watts) and before.reasons == after.reasons
    return bool(before == after)


def share_of(value: Any, name: str) -> float | None:
    """Return the watts that a value gives a battery: its share of a plan, or the number itself."""
    if isinstance(value, Plan):
        return value.watts.get(name)
    return value if isinstance(value, float) else None


def command(value: Any) -> str:
    """Say what a battery is told."""
    if value is None or isinstance(value, Release):
        return "is released: it goes by its own logic"
    return f"is told to {doing(float(value))}"


def doing(watts: float) -> str:
    """Say what a battery does at a power, + discharging."""
    if abs(watts) < SAME:
        return "idle"
    return f"{'give' if watts > 0 else 'take'} {words(float(abs(watts)), 'W')}"


def _plan(plan: Plan, name: str | None) -> str:
    names = sorted(plan.watts, key=lambda key: key != name)
    shares = [_share(plan, key) for key in names]
    if name is not None and name not in plan.watts:
        shares.insert(0, f"nothing for {name}")
    if abs(plan.unmet) >= SAME:
        shares.append(f"{words(float(plan.unmet), 'W')} unmet")
    return ", ".join(shares) or "a plan for nobody"


def _share(plan: Plan, name: str) -> str:
    said, why = f"{name} {words(float(plan.watts[name]), 'W')}", plan.reasons.get(name)
    return f"{said} ({why})" if why else said


def _changed(before: Plan, after: Plan, name: str) -> str:
    old, new = before.watts.get(name), after.watts.get(name)
    why = after.reasons.get(name, "")
    if old is None or new is None or abs(old - new) < SAME:
        others = "" if _alike(before.watts, after.watts) else ", and changed others"
        return f"let {name} be{others}: {words(after, None, name)}"
    said = f"changed {name} from {words(float(old), 'W')} to {words(float(new), 'W')}"
    return f"{said} ({why})" if why else said


def _outlook(view: Outlook, name: str | None) -> str:
    said = [f"a load of {words(view.load, 'W')}", f"a target of {words(view.target, 'W')}"]
    names = sorted(view.batteries, key=lambda key: key != name)
    return ", ".join(said + [_ability(key, view.batteries[key], view.at) for key in names])


def _ability(name: str, ability: Ability, at: float) -> str:
    if not ability.available:
        return f"{name} not available ({ability.note})" if ability.note else f"{name} not available"
    shows, goal = words(ability.shows(at), "W"), words(ability.setpoint, "W")
    said = f"{name} at {shows}" + (f" on its way to {goal}" if shows != goal else "")
    return f"{said} ({ability.note})" if ability.note else said


def _alike(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(abs(one[key] - other[key]) < SAME for key in one)


def _other(value: Any) -> str:
    try:
        said = str(plain(value))
    except TypeError:
        said = repr(value)
    return said if len(said) <= LONGEST else said[:LONGEST] + "..."
