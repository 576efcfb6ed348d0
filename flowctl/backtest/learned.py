"""What flows have learned while they ran: read from their state, never written."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from flowctl.backtest.twins import Twins
from flowctl.faults import faulty
from flowctl.live.storage import FILE
from flowctl.store import Store

FREE = 1e5  # W/s: no slew rate besides the learned lag
LONGEST = 60.0  # s that an answer may take
TRAITS = {
    "gain": ("gain", 0.05, 2.0, 100.0),
    "min_power": ("min_power", 0.0, 1000.0, 1.0),
    "start_up": ("wake", 0.0, 15.0, 1.0),
}
"""Its name in a plant file, least and most that is believed, and what one is there: % of gain."""
Kept = Mapping[str, Mapping[str, Any]]
"""What each step keeps, by its name and that of the flow: `home:plan/response_predictor`."""


def read_state(folder: Path) -> Kept:
    """Read the state of a `flowctl run`; it may be running.

    Raises:
        FlowError: there is none, or it cannot be read.
    """
    file = folder / FILE if folder.is_dir() else folder
    kept: dict[str, dict[str, Any]] = {}
    try:
        if not file.is_file():
            raise OSError("there is no such file")
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as base:
            for step, name, text in base.execute("SELECT step, name, value FROM state"):
                kept.setdefault(step, {})[name] = json.loads(text)
    except (OSError, sqlite3.Error, ValueError) as error:
        cure = "--learned wants the state folder of a flowctl run (see its --state)"
        raise faulty(file, "E700", f"holds nothing learned: {error}", cure) from None
    return kept


def dynamics(kept: Kept, flow: str, twins: Twins) -> dict[str, dict[str, float]]:
    """Turn learned responses into the dynamics of a plant's batteries, by name.

    A step that learns keeps, by battery, the `dead_time` and `lag` that the meter shows. The delay
    of the meter itself is taken off; the slew rate is in the lag that was learned. It may keep a
    `gain` (1 is all), a `min_power` in W and a `start_up` in s, too.
    """
    delay = twins.latency + twins.average / 2
    steps = sorted(kept, key=lambda step: not step.startswith(f"{flow}:"))
    found: dict[str, dict[str, float]] = {}
    for step in steps:
        for name in twins.names[1:]:
            timing = _timing(kept[step].get(name))
            if name not in found and timing:
                dead = max(0.0, timing[0] - delay)
                found[name] = {"dead_time": dead, "lag": timing[1], "slew": FREE, "wake": 0.0}
                found[name] |= _traits(kept[step][name])
    return found


def _timing(kept: Any) -> tuple[float, float] | None:
    if not isinstance(kept, Mapping):
        return None
    dead, lag = kept.get("dead_time"), kept.get("lag")
    if not isinstance(dead, float | int) or not isinstance(lag, float | int):
        return None
    return (dead, lag) if 0 <= dead < LONGEST and 0 < lag < LONGEST else None


def _traits(kept: Mapping[str, Any]) -> dict[str, float]:
    """Return what a plant knows by the same name, of numbers that make sense."""
    found = {}
    for name, (called, least, most, unit) in TRAITS.items():
        value = kept.get(name)
        if isinstance(value, float | int) and least <= value <= most:
            found[called] = value * unit
    return found


def stores(kept: Kept) -> Callable[[str], Store]:
    """Hand out copies of what is kept, so that a flow begins with what it knows."""
    held: dict[str, Store] = {}

    def store(step: str) -> Store:
        return held.setdefault(step, Store(json.loads(json.dumps(kept.get(step, {})))))

    return store
