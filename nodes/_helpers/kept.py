"""Numbers that are kept over restarts."""

from flowctl import Store
from nodes._helpers.expressions import sayable


def kept(store: Store, key: str) -> float:
    """Read a number that was kept over restarts; zero when there is none, or no number."""
    found = sayable(store.get(key))
    return found if isinstance(found, float) else 0.0
