"""What a battery tells of itself, without the numbers that cannot be."""

import math
from dataclasses import replace
from operator import attrgetter
from typing import Any

from flowctl.finite import is_finite
from flowctl.units import Seconds
from flowctl.values import Battery, known

LEAST_MOST = {  # gauges that round may pass 0 and 100 % a little
    "soc": (-1.0, 101.0),
    "capacity": (0.0, math.inf),
    "min_power": (0.0, math.inf),
    "write_every": (0.0, math.inf),
}
_bounded = attrgetter(*LEAST_MOST)
_BOUNDS = tuple(LEAST_MOST.values())


def has_sense(record: Battery) -> bool:
    """Tell whether all that a battery tells can be."""
    for part, (least, most) in zip(_bounded(record), _BOUNDS, strict=True):
        if part is not None and not least <= part <= most:
            return False
    return is_finite(record)


def nonsense(record: Battery) -> dict[str, Any]:
    """Name what cannot be, with what is told of it."""
    return {name: part for name, part in known(record).items() if not _can_be(name, part)}


def sensible(record: Battery) -> Battery:
    """Leave out what cannot be, and keep the rest."""
    return record if has_sense(record) else replace(record, **dict.fromkeys(nonsense(record)))


def _can_be(name: str, part: Any) -> bool:
    if name.endswith("_at"):  # a time may be open-ended
        return True
    least, most = LEAST_MOST.get(name, (-math.inf, math.inf))
    return not isinstance(part, float) or (math.isfinite(part) and least <= part <= most)


def paced(record: Battery, every: Seconds) -> Battery:
    """Say that a battery takes commands no more often than they are written to it."""
    told = record.write_every
    return replace(record, write_every=every) if told is not None and 0 <= told < every else record
