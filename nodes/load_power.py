"""What a load draws: as its own meter has it, or as it was told."""

import math
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Battery, Clock, Gt, Observable, Seconds, Watts


def load_power(
    load: Annotated[Observable[Battery], "what the load tells"],
    measured: Annotated[Observable[Watts] | None, "its own meter, positive as it draws"] = None,
    *,
    stale: Annotated[Seconds, Gt(0), "an older measurement does not count"] = 30.0,
    clock: Clock,
) -> Observable[Watts]:
    """Say what a load draws, in W and positive: one per measurement, and one per command it took.

    While its meter is heard, what it measures counts: a thermostat that opened draws nothing
    whatever was commanded. Without a meter, or when that falls silent, the setpoint the load
    accepted counts. NaN and infinities are not heard.
    """

    def subscribe(
        out: abc.ObserverBase[Watts], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        newest, heard_at = 0.0, -math.inf

        def measure(watts: Watts) -> None:
            nonlocal newest, heard_at
            if math.isfinite(watts):
                newest, heard_at = max(0.0, watts), clock.time()
                out.on_next(newest)

        def tell(record: Battery) -> None:
            if clock.time() - heard_at <= stale:
                out.on_next(newest)
            elif record.setpoint is not None and math.isfinite(record.setpoint):
                out.on_next(max(0.0, -record.setpoint))

        watched = [] if measured is None else [measured.subscribe(measure, out.on_error)]
        told = load.subscribe(tell, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(told, *watched)

    return Observable(subscribe)
