"""Meet the load in one move, with the setpoints that are still on their way left out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, Observable, Seconds, Watts
from nodes._helpers.fleet import Fleet, law
from nodes._helpers.law.knowing.flight import Flight, landed, owed_between


class Sent(NamedTuple):
    """What one battery was told, and what of it is still in flight."""

    setpoint: Watts = 0.0
    flights: tuple[Flight, ...] = ()


class Known(NamedTuple):
    """What all batteries were told, and the load as the last reading left it."""

    sent: Mapping[str, Sent] = MappingProxyType({})
    load: Watts | None = None


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
    tolerance: Annotated[Seconds, Ge(0), "by which `dead` may be wrong, either way"] = 2.0,
    clock: Clock,
) -> Observable[Watts]:
    """Say the total power wanted of all batteries (+ discharging), one per meter reading.

    The load is the reading plus what the batteries show on the meter by now: their accepted
    setpoints behind one dead time and lag for all. So a command in flight is never counted twice,
    a step is met in one move, and what a battery fails to deliver shows up as load and is asked
    for again. A dead time that may be wrong makes the load an interval; the load known so far is
    moved into it as little as necessary. A battery that was never told anything counts with what
    it measures.

    A `dead` that is wrong by more than `tolerance` swings, and with full power if it is too long; a
    `tolerance` too large is merely slow. Where batteries show 2.4 s after a command, 0.5 to 5 s
    leave 36 to 90 W at the meter and 7 s 1.3 kW; with no tolerance 2.4 s leave 53 W, 3 s 1 kW. As
    they are, both serve wired, UDP and cloud batteries behind a meter that renews its reading each
    second. Behind one of 10 s take `dead: 8s`, and a `lease` of 30 s. The law that learns dead time
    and lag of each battery is `response_predictor`.

    Source: O. J. M. Smith, Closer control of loops with dead time, 1957. Figures: mean |grid| of
    `flowctl backtest`, two `wired` batteries by `split`, `lag: 0.8s`, a `dsmr5` meter, and 2 kW
    more for four of each eight minutes.
    """

    def step(known: Known, watts: float, fleet: Fleet) -> tuple[Known, float]:
        at, wanted = clock.time(), fleet.newest["aim"]
        sent = {
            name: told(known.sent.get(name), record, dead + tolerance, lag, at)
            for name, record in fleet.told.items()
        }
        low, high = shown(sent, dead, tolerance, lag, at)
        load = watts + (low + high) / 2 if known.load is None else known.load
        load = max(watts + low, min(watts + high, load))
        return Known(sent, load), load - (target if wanted is None else wanted)

    return law(grid, batteries, Known(), step, clock, aim=aim)


def shown(
    sent: Mapping[str, Sent], dead: float, tolerance: float, lag: float, at: float
) -> tuple[Watts, Watts]:
    """Return the least and the most that all batteries may show on the meter by now."""
    low = high = 0.0
    for one in sent.values():
        least, most = owed_between(one.flights, dead, tolerance, lag, at)
        low, high = low + one.setpoint - most, high + one.setpoint - least
    return low, high


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
