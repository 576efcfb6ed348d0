"""A recorded power, read from a table: seconds or dates, and W or kW."""

import re
from pathlib import Path
from typing import Any

from flowctl.autumn import Autumn
from flowctl.numerals import speaks
from flowctl.zone import here
from nodes._helpers.nonsense import excerpt
from nodes._helpers.rows import TIMES, rows, seconds
from nodes.sim.entities import FACTOR, one_entity
from nodes.sim.trace import Trace

LOAD, SUN = "load_w", "pv_w"
LEAST = 2  # values that make a trace
MOST = 1e5  # W; no connection of a house carries more, so who says so talks nonsense
NAMED = re.compile(r"(?:_|[(\[]\s*)(k?wh?)\s*[)\]]?\Z", re.IGNORECASE)  # load_kw, Load (kW)
CURE = "a trace is a table of seconds and W; name its column as FILE#COLUMN"
FACTORS = {"w": 1.0, "kw": 1000.0}


class TraceError(ValueError):
    """A trace cannot be used; the message says why."""


def read_trace(path: Path, column: str = "", usual: str = LOAD) -> Trace:
    """Read a recorded power: irregular rows, every value holds until the next.

    Times are in the column of a usual name, or in the first. Without a `column` it is the `usual`
    one, or the only one beside the times, unless that is named as the other kind of power. Of an
    export of Home Assistant it is an entity. A column whose name ends in a unit is in that unit;
    `1000*name` is so many times as much, `-name` has the other sign. A word, or what is beyond
    100 kW, says nothing: the value before holds on. Of two values at one time the later row counts.

    Raises:
        TraceError: it cannot be read, has no such column, no power in it, what has digits and is
            no number, or time runs back.
    """
    try:
        times, watts = _read(path, column, usual)
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise TraceError(f"{path}: {error}") from None
    if len(times) < LEAST:
        raise TraceError(f"{path} holds no trace; {CURE}")
    return Trace(times, watts, recorded=True)


def _read(path: Path, column: str, usual: str) -> tuple[list[float], list[float]]:
    times: list[float] = []
    watts: list[float] = []
    stamps = Autumn[Any](lambda stamp, fold: seconds(stamp, None, fold), str(here()))
    time, name, factor, odd = "", "", 0.0, ""
    bad: list[object] = []
    for row in one_entity(rows(path, bad.append), column):
        if not time:
            time, name, factor = _asked(column, row, usual)
        at, value = stamps.read(row[time]), row[name]
        if times and at < times[-1]:
            raise ValueError(f"time runs back at {_shown(row[time])}")
        if not _is_power(value, factor):
            _let_silence(value, name, row[time])
            odd = odd or ("" if value is None else str(value))
        elif times and at == times[-1]:
            watts[-1] = value * factor
        else:
            times.append(at)
            watts.append(value * factor)
    if len(times) < LEAST and (odd or bad):
        why = f"{excerpt(odd)} in {name} is no power of a house" if odd else bad[0]
        raise ValueError(f"holds no trace: {why}; {CURE}")
    return times, watts


def _is_power(value: Any, factor: float) -> bool:
    return isinstance(value, float) and abs(value * factor) <= MOST


def _let_silence(value: object, name: str, stamp: object) -> None:
    """Refuse what is meant as a number, and cannot be read for sure."""
    if speaks(value):
        said = f"{excerpt(str(value))} in {name} at {_shown(stamp)} is no number for sure"
        raise ValueError(f"{said}; write 2859.3, or 2.859,3")


def _shown(stamp: object) -> str:
    """Print the time of a row as it is told."""
    return f"{stamp:.12g} s" if isinstance(stamp, float) else str(stamp)


def _asked(column: str, row: dict[str, object], usual: str) -> tuple[str, str, float]:
    """The columns of times and of powers, and W for each 1 in it; read `-1000*name`."""
    found = None if column in row else FACTOR.match(column)
    sign, factor, plain = found.groups() if found else ("", "", column)
    time, name = _columns(row, plain, usual)
    made = float(factor) if factor else _watts_per(name)
    return time, name, -made if sign else made


def _columns(row: dict[str, object], column: str, usual: str) -> tuple[str, str]:
    time = next((name for name in TIMES if name in row), next(iter(row)))
    others = [name for name in row if name != time]
    only = others[0] if len(others) == 1 else usual
    name = column or (usual if only in (LOAD, SUN) else only)  # a roof is no load by mistake
    if name not in row:
        raise ValueError(f"no column {name}; it has {', '.join(row)}")
    return time, name


def _watts_per(name: str) -> float:
    """Tell by the name of a column what its numbers are, in W."""
    found = NAMED.search(name.strip())
    unit = found[1] if found else "W"
    if unit.lower() not in FACTORS:
        raise ValueError(f"the column '{name}' is in {unit}, and a trace is a power; {CURE}")
    return FACTORS[unit.lower()]
