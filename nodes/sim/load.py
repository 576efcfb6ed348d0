"""What a house draws and its roof makes, as traces: recorded ones, or made up."""

from pathlib import Path

from nodes._helpers.rows import TIMES, rows, seconds
from nodes.sim.profiles import profile
from nodes.sim.setup import HouseSetup, LoadEvent, SunSetup
from nodes.sim.sun import made_sun
from nodes.sim.trace import Trace

LOAD, SUN = "load_w", "pv_w"


class TraceError(ValueError):
    """A trace cannot be used; the message says why."""


def house_traces(setup: HouseSetup, folder: Path, seed: int) -> list[Trace]:
    """Build the house's load; its parts add up."""
    if setup.trace:
        base = read_trace(folder / setup.trace, setup.column, LOAD).starting(setup.start)
    else:
        base = profile(setup.profile, setup.base, setup.noise, seed, setup.time_of_day)
    return [base.scaled(setup.scale), *map(_event, setup.loads)]


def sun_trace(setup: SunSetup, folder: Path, seed: int, begin: float) -> Trace:
    """Build the power of the roof."""
    if not setup.trace:
        return made_sun(setup, seed, begin)
    trace = read_trace(folder / setup.trace, setup.column, SUN).starting(setup.start)
    if setup.peak is None:
        return trace
    if trace.peak() <= 0:
        raise TraceError(f"{setup.trace}: makes nothing, so it cannot be scaled to its peak")
    return trace.scaled(setup.peak / trace.peak())


def panels_trace(setup: SunSetup, folder: Path, seed: int, begin: float) -> Trace | None:
    """Build the power of panels wired to a battery, if it has any."""
    has_panels = bool(setup.trace or setup.peak)
    return sun_trace(setup, folder, seed, begin) if has_panels else None


def read_trace(path: Path, column: str = "", usual: str = LOAD) -> Trace:
    """Read a recorded power: irregular rows, every value holds until the next.

    Without a `column` it is the `usual` one, or the only one beside the times, unless that is
    named as the other kind of power.

    Raises:
        TraceError: it cannot be read, has no such column, or time runs back.
    """
    times: list[float] = []
    watts: list[float] = []
    try:
        for row in rows(path, lambda _: None):
            at, value = _cells(row, column, usual)
            if times and at <= times[-1]:
                raise ValueError(f"time runs back at {at:g} s")
            if isinstance(value, float):  # an empty cell says nothing: the one before holds on
                times.append(at)
                watts.append(value)
    except OSError as error:
        raise TraceError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise TraceError(f"{path}: {error}") from None
    if len(times) < 2:
        raise TraceError(f"{path} holds no trace")
    return Trace(times, watts)


def _cells(row: dict[str, object], column: str, usual: str) -> tuple[float, object]:
    time = next((name for name in TIMES if name in row), "")
    others = [name for name in row if name != time]
    only = others[0] if len(others) == 1 else usual
    name = column or (usual if only in (LOAD, SUN) else only)  # a roof is no load by mistake
    if not time or name not in row:
        raise ValueError(f"no column {name if time else 'of times'}; it has {', '.join(row)}")
    return seconds(row[time]), row[name]


def _event(load: LoadEvent) -> Trace:
    length = load.every or float("inf")
    times, watts = [0.0, load.lasts], [load.power, 0.0]
    whole = load.lasts >= length
    return Trace(times[: 2 - whole], watts[: 2 - whole], length=length, begins=load.after)
