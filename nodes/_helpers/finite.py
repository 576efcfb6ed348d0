"""Records without the numbers that are none."""

import math
from dataclasses import fields, replace
from typing import Any

from flowctl import Battery

FIELDS = tuple(item.name for item in fields(Battery))


def finite(record: Battery) -> Battery:
    """Forget what a battery tells as NaN or infinite: it is not known."""
    odd: dict[str, Any] = {name: None for name in FIELDS if _is_odd(getattr(record, name))}
    return replace(record, **odd) if odd else record


def _is_odd(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
