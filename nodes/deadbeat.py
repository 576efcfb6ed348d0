"""Meet the load in one move, with the setpoints that are still on their way left out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, Observable, Seconds, Watts
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.law.knowing.flight import Flight, landed, owed


class Sent(NamedTuple):
    """What one battery was told, and what of it is still in flight."""

    setpoint: Watts = 0.0
    flights: tuple[Flight, ...] = ()


NOTHING: Mapping[str, Sent] = MappingProxyType({})


def deadbeat(
    grid: Annotated[Observable[Watts], "the grid meter, + import"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "the batteries that share the total"],
    aim: Annotated[
        Observable[Watts] | None, "import wanted at the meter, instead of `target`"
    ] = None,
    *,
    target: Annotated[Watts, "import wanted at the meter; negative: export"] = 0.0,
    dead: Annotated[
        Seconds, Ge(0), "from setpoint to its first sign on the meter, the meter's delay included"
    ] = 3.5,
    lag: Annotated[Seconds, Gt(0), "time constant of the answer after that"] = 1.5,
    clock: Clock,
) -> Observable[Watts]:
    """Say the total power wanted of all batteries (+ discharging), one per meter reading.

    The load is the reading plus what the batteries show on the meter by now: their accepted
    setpoints behind one dead time and lag for all. So a command in flight is never counted twice,
    a step is met in one move, and what a battery fails to deliver shows up as load and is asked
    for again. Choose `dead` rather long: too short swings, too long is merely slow. The law that
    learns both for each battery is `response_predictor`. A battery that was never told anything
    counts with what it measures.

    Source: O. J. M. Smith, Closer control of loops with dead time, 1957.
    """

    def step(
        sent: Mapping[str, Sent], watts: float, fleet: Fleet
    ) -> tuple[Mapping[str, Sent], float]:
        at, wanted = clock.time(), fleet.newest["aim"]
        sent = {name: told(sent.get(name), fleet.told[name], dead, lag, at) for name in fleet.told}
        shown = sum(one.setpoint - owed(one.flights, dead, lag, at) for one in sent.values())
        return sent, watts + shown - (target if wanted is None else wanted)

    return law(grid, batteries, NOTHING, step, clock, aim=aim)


def told(before: Sent | None, battery: Battery, dead: float, lag: float, at: float) -> Sent:
    """Bring up to date what a battery was told."""
    if battery.online is False:
        return Sent()
    if battery.setpoint is None:
        return Sent(battery.power or 0.0)
    if before is None:  # whatever it does now, it has done for a while
        return Sent(battery.setpoint)
    flights = before.flights[landed(before.flights, dead, lag, at) :]
    change = battery.setpoint - before.setpoint
    if change:
        accepted = at if battery.setpoint_at is None else min(at, battery.setpoint_at)
        flights = (*flights, (accepted, change))
    return Sent(battery.setpoint, flights)
