"""What a house draws and its roof makes, as traces: recorded ones, or made up."""

from pathlib import Path

from nodes.sim.profiles import profile
from nodes.sim.setup import HouseSetup, LoadEvent, SunSetup
from nodes.sim.sun import made_sun
from nodes.sim.trace import Trace
from nodes.sim.trace_file import LOAD, SUN, TraceError, read_trace


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


def _event(load: LoadEvent) -> Trace:
    length = load.every or float("inf")
    times, watts = [0.0, load.lasts], [load.power, 0.0]
    whole = load.lasts >= length
    return Trace(times[: 2 - whole], watts[: 2 - whole], length=length, begins=load.after)
