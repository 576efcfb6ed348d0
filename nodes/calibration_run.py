"""Measure the curve of a power variator: step by step down, a mean at each step."""

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Ge, Gt, Le, Log, Observable, Percent, Seconds, Watts
from nodes._helpers.timing import TINY, beat

BEAT = 1.0  # s between two records while nothing is read: the load's lease goes on
NOTHING = 0.5  # W
CONDUCTS = 20.0  # % from which on a load that draws nothing is no load: its thermostat opened
WIDTH = 30  # characters of the bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How far the measuring is."""

    percent: Percent
    """What the variator is to be told now."""
    progress: Percent
    bar: str
    """All of it in a line for people."""
    table: str
    """Lines `percent;watts` measured so far, as a calibration file has them."""
    done: bool = False


class Wishes(NamedTuple):
    """The user's wishes."""

    step: Percent = 0.5
    warm_up: Seconds = 500.0
    settle: Seconds = 6.0
    samples: int = 6


class Run(NamedTuple):
    """Where it is."""

    number: int = -1
    """Steps done; -1 while it warms up."""
    since: Seconds = 0.0
    taken: tuple[Watts, ...] = ()
    points: tuple[tuple[Percent, Watts], ...] = ()
    waits: bool = False
    """Whether the load draws nothing."""


def calibration_run(
    power: Annotated[Observable[Watts], "what the load draws by its own meter, positive"],
    *,
    step: Annotated[Percent, Gt(0), Le(25), "from one step to the next, 100 % down to 0"] = 0.5,
    warm_up: Annotated[Seconds, Ge(0), "time at 100 % before the first step"] = 500.0,
    settle: Annotated[Seconds, Ge(0), "time that the power gets to settle at each step"] = 6.0,
    samples: Annotated[int, Ge(1), "readings whose mean is taken at each step"] = 6,
    clock: Clock,
    log: Log,
) -> Observable[Calibration]:
    """Say the percent to be set, and how far it is: once per reading and at least once a second.

    It begins at 100 %, ends at 0 % and stays there. At each step it waits for `settle`, then takes
    the mean of `samples` readings. A load that draws nothing though it conducts has opened its
    thermostat: it waits, says so, and takes no such reading. NaN and infinities are not heard.
    """
    wishes = Wishes(step, warm_up, settle, samples)

    def subscribe(
        out: abc.ObserverBase[Calibration], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        run = Run(since=clock.time())

        def receive(watts: Watts | None) -> None:
            nonlocal run
            if watts is not None and not math.isfinite(watts):
                return
            before, run = run, advance(run, clock.time(), watts, wishes)
            if run.waits and not before.waits:
                log.warning("the load draws nothing at %g %%: is it hot?", percent(run, wishes))
            out.on_next(told(run, clock.time(), wishes))

        timer = beat(clock, BEAT, lambda _: receive(None))
        heard = power.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, timer)

    return Observable(subscribe)


def steps(wishes: Wishes) -> int:
    """How many steps there are."""
    return round(100.0 / wishes.step) + 1


def percent(run: Run, wishes: Wishes) -> Percent:
    """What the variator is to be told."""
    return max(0.0, 100.0 - max(0, run.number) * wishes.step)


def advance(run: Run, at: Seconds, watts: Watts | None, wishes: Wishes) -> Run:
    """Take a reading in, or only see what time it is."""
    if run.number >= steps(wishes):
        return run
    if run.number < 0:
        warm = at - run.since >= wishes.warm_up - TINY
        return run._replace(number=0, since=at) if warm else run
    if watts is None or at - run.since < wishes.settle - TINY:
        return run
    if watts < NOTHING and percent(run, wishes) >= CONDUCTS:
        return run._replace(waits=True)
    taken = (*run.taken, watts)
    if len(taken) < wishes.samples:
        return run._replace(taken=taken, waits=False)
    point = (percent(run, wishes), math.fsum(taken) / len(taken))
    return Run(run.number + 1, at, (), (*run.points, point))


def told(run: Run, at: Seconds, wishes: Wishes) -> Calibration:
    """Tell how things stand."""
    done = run.number >= steps(wishes)
    now = 0.0 if done else percent(run, wishes)
    part = len(run.points) / steps(wishes)
    doing = "done" if done else f"at {now:g} %"
    if run.number < 0:
        doing = f"warming up for {max(0.0, wishes.warm_up - at + run.since):.0f} s"
    elif run.waits:
        doing += ": it draws nothing, is it hot?"
    elif run.points and not done:
        doing += f": {run.points[-1][1]:.0f} W before"
    bar = "#" * round(WIDTH * part)
    return Calibration(
        percent=now,
        progress=100.0 * part,
        bar=f"[{bar:.<{WIDTH}}] {100 * part:3.0f} %  {doing}",
        table="".join(f"{where:.1f};{watts:.2f}\n" for where, watts in run.points),
        done=done,
    )
