"""What expressions of a flow come to, as a wire can carry it."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flowctl import Expression


def asking(expression: Expression, others: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return the quickest way to work an expression out for a value, `others` being seen by name.

    The answer is `None` where there is no result, as with a division by zero.
    """
    quick = partial(_ask, expression, others) if others else expression.lean

    def ask(value: Any) -> Any:
        try:
            return quick(value)
        except (ArithmeticError, ValueError):
            return None
        except TypeError:  # the full way tells what is not known from what makes no sense
            return _ask(expression, others, value)

    return ask


def work_out(expression: Expression, value: Any, others: Mapping[str, Any]) -> Any:
    """Work an expression out once, for what is to be said; `None` where it has no result."""
    return sayable(asking(expression, others)(value))


def sayable(value: Any) -> Any:
    """Return a value as a wire carries it: integers as floats, `None` for what is not a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _ask(expression: Expression, others: Mapping[str, Any], value: Any) -> Any:
    return expression(value, **others)
