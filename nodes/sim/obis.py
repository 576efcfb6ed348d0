"""A reading by OBIS number, as a bridge from an SMA meter says it."""

import json
from typing import Any


def reading(watts: float) -> str:
    """Write a reading, + import."""
    return json.dumps(by_number(watts))


def by_number(watts: float) -> dict[str, dict[str, Any]]:
    """Say a reading by OBIS number, + import.

    Source: OBIS 1-0:1.7.0 is what is imported, 1-0:2.7.0 what is fed in, W, one of them zero.
    """
    sides = {"1-0:1.7.0": max(0.0, watts), "1-0:2.7.0": max(0.0, 0.0 - watts)}
    return {key: {"value": round(value), "unit": "W"} for key, value in sides.items()}
