"""The last word of a plan to one that went away: 0 W, which no step makes anything else of."""

from flowctl import Plan

GONE = "not available"  # the reason that it carries


def is_gone(plan: Plan, name: str) -> bool:
    """Tell whether this share is a last word."""
    return plan.reasons.get(name) == GONE and plan.watts.get(name) == 0
