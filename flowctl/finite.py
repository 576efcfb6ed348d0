"""Whether a value holds only numbers that can be: what no wire carries otherwise."""

import math
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from flowctl.values import Ability, Battery, Outlook, Plan, names


def is_finite(value: Any) -> bool:
    """Tell whether no float in a value, however deep, is NaN or infinite.

    `valid_until` and `*_at` are times and may be open-ended.
    """
    kind = value.__class__
    parts = _PARTS.get(kind)
    if parts is not None:
        return _all_finite(parts(value))
    if isinstance(value, float):
        return math.isfinite(value)
    if kind is MappingProxyType or isinstance(value, Mapping):
        return _all_finite(value.values())
    return not isinstance(value, tuple | list) or _all_finite(value)


def _all_finite(parts: Iterable[Any]) -> bool:
    """Look at each part; a loop, since every record on every wire comes this way."""
    for part in parts:
        kind = part.__class__
        if part - part != 0.0 if kind is float else kind not in _PLAIN and not is_finite(part):
            return False
    return True


_PLAIN = frozenset((type(None), bool, int, str))


def _parts(record: type) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the fields of a record that may hold numbers which must be finite."""
    no_numbers = ("_until", "_at", "reasons", "mode")
    return attrgetter(*(name for name in names(record) if not name.endswith(no_numbers)))


_PARTS = {record: _parts(record) for record in (Battery, Plan, Outlook, Ability)}
