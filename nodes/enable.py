"""Steer only while it is allowed, and stop everything when that ends."""

from dataclasses import replace
from types import MappingProxyType
from typing import Annotated

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Observable, Plan, Triggers

STOPPED = "switched off"


def enable(
    plan: Annotated[Observable[Plan], "what the batteries are to do"],
    by: Annotated[Observable[bool], Triggers(), "true while they may be steered"],
    *,
    clock: Clock,
) -> Observable[Plan]:
    """Pass plans while `by` is true; when it turns false, say one plan of zeros, then nothing.

    So the batteries stop at once, and are given back to themselves when their lease ends. Nothing
    passes before `by` has spoken. The zeros hold as long as the last plan would have.

    Example:
        - from: plan
        - enable: {by: allowed}
    """

    def subscribe(
        out: abc.ObserverBase[Plan], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        allowed, last = False, None

        def receive(made: Plan) -> None:
            nonlocal last
            if allowed:
                last = made
                out.on_next(made)

        def switch(on: bool) -> None:
            nonlocal allowed, last
            allowed = bool(on)
            if not allowed and last is not None:
                stopped, last = zeros(last), None
                out.on_next(stopped)

        switched = by.subscribe(switch, out.on_error, scheduler=clock)
        heard = plan.subscribe(receive, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, switched)

    return Observable(subscribe)


def zeros(plan: Plan) -> Plan:
    """Make the plan that stops all batteries of another one."""
    watts, reasons = dict.fromkeys(plan.watts, 0.0), dict.fromkeys(plan.watts, STOPPED)
    stopped, why = MappingProxyType(watts), MappingProxyType(reasons)
    return replace(plan, watts=stopped, reasons=why, unmet=0.0, extra=None)
