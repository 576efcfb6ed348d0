"""Say in words why a plan is what it is."""

from typing import Annotated

from flowctl import Observable, Plan, Watts
from nodes._helpers.operators import Each, Receiver


def reasons(
    plan: Annotated[Observable[Plan], "watts by battery, + discharging"],
    *,
    of: Annotated[str | None, "only this battery; if not given, all of them"] = None,
) -> Observable[str]:
    """Say one line per plan: `left gives 500W (its limit: 500W), right takes 300W; 200W short`.

    A battery that the plan leaves out is its own; it is named where there is a reason. For a log, a
    display or a message; `changed` after it leaves only what is news. The whole chain from the
    meter on: `flowctl explain`.
    """

    def hear(say: Receiver[str]) -> Receiver[Plan]:
        return lambda plan: say(told(plan, of))

    return Each(plan, hear)


def told(plan: Plan, of: str | None = None) -> str:
    """Put a plan into words."""
    named = {**plan.watts, **plan.reasons}
    names = list(named) if of is None else [of]
    said = ", ".join(_share(plan, name) for name in names) or "no battery can be commanded"
    missing = round(plan.unmet)
    if of is not None or not missing:
        return said
    return f"{said}; {missing}W short" if missing > 0 else f"{said}; {-missing}W too much"


def _share(plan: Plan, name: str) -> str:
    does = _does(plan.watts.get(name))
    reason = plan.reasons.get(name)
    return f"{name} {does} ({reason})" if reason else f"{name} {does}"


def _does(watts: Watts | None) -> str:
    if watts is None:
        return "is its own"
    return "idles" if watts == 0 else f"gives {watts:.0f}W" if watts > 0 else f"takes {-watts:.0f}W"
