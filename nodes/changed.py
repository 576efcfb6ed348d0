"""Say a value only when it is news."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from flowctl import Clock, Ge, Gt, Observable, Plan, Quantity, Seconds
from nodes._helpers.operators import holding
from nodes._helpers.timing import TINY

T = TypeVar("T")


def changed(
    values: Annotated[Observable[T], "what may be news"],
    *,
    by: Annotated[Quantity, Ge(0), "a number, or a share of a plan, is news beyond this"] = 0.0,
    at_least: Annotated[
        Annotated[Seconds, Gt(0)] | None, "after this long the next value passes in any case"
    ] = None,
    clock: Clock,
) -> Observable[T]:
    """Pass the first value and each that differs from the last one passed by more than `by`.

    This makes events: for logs, displays and messages. Its silence means `nothing new`, which a
    device would take for `no data` and release: to calm what feeds a device use `deadband`. Only a
    value that arrives is ever passed; `at_least` invents none while nothing comes in. Texts and
    records are news when they are not equal. NaN and infinities are not heard.
    """

    def step(last: tuple[float, T] | None, value: T) -> tuple[tuple[float, T] | None, T | None]:
        at = clock.time()
        due = last is not None and at_least is not None and at - last[0] > at_least - TINY
        if last is None or due or differs(last[1], value, by):
            return (at, value), value
        return last, None

    return holding(values, None, step)


def differs(old: Any, new: Any, by: float) -> bool:
    """Tell whether two values are further apart than `by`."""
    if isinstance(old, Plan) and isinstance(new, Plan):
        return _shares_differ(old.watts, new.watts, by)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return abs(new - old) > by
    return bool(old != new)


def _shares_differ(old: Mapping[str, float], new: Mapping[str, float], by: float) -> bool:
    return old.keys() != new.keys() or any(abs(new[name] - old[name]) > by for name in new)
