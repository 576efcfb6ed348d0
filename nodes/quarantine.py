"""Count a battery that ignores its setpoints as offline for a while."""

from dataclasses import replace
from typing import Annotated, NamedTuple

from flowctl import Battery, Clock, Ge, Gt, Log, Observable, Percent, Seconds, Watts
from nodes._helpers.operators import Each, Receiver
from nodes._helpers.timing import TINY


class Watch(NamedTuple):
    """What a battery was told, how often it did nothing, and until when it is left alone."""

    known: Battery = Battery()
    ignored: int = 0
    until: Seconds = 0.0
    asked_at: Seconds = 0.0
    """Since when it has been told to work this way."""


def quarantine(
    battery: Annotated[Observable[Battery], "what a battery tells"],
    *,
    lasts: Annotated[Seconds, Gt(0), "how long it counts as offline"] = 300.0,
    times: Annotated[int, Ge(1), "so many measurements in a row without an answer are enough"] = 3,
    part: Annotated[
        Percent, Gt(0), "less than this part of its setpoint does not count as an answer"
    ] = 10.0,
    least: Annotated[Watts, Ge(0), "a smaller setpoint is not watched"] = 100.0,
    settle: Annotated[Seconds, Ge(0), "time it has to begin, before measurements count"] = 5.0,
    clock: Clock,
    log: Log,
) -> Observable[Battery]:
    """Pass what a battery tells, and say it is offline while it is in quarantine; one per record.

    Read by a law in place of the battery itself. A plan then leaves it out, so that its lease runs
    out and it is released; when it is asked again it is taken anew, which wakes what had fallen
    asleep. Log: one line when it goes in, one when it comes out.
    """

    def hear(say: Receiver[Battery]) -> Receiver[Battery]:
        watch = Watch()

        def receive(record: Battery) -> None:
            nonlocal watch
            before, at = watch, clock.time()
            watch = watched(before, record, at)
            is_out, was_out = watch.until > at + TINY, before.until > 0
            if is_out and not was_out:
                log.warning("does not follow its setpoint: left alone for %gs", lasts)
            if was_out and not is_out:
                log.info("is asked again")
                watch = watch._replace(until=0.0)
            say(replace(record, online=False) if is_out else _back(record, was_out))

        return receive

    def watched(watch: Watch, record: Battery, at: Seconds) -> Watch:
        known = record.after(watch.known)
        same = way(known, least) == way(watch.known, least) != 0
        now = watch._replace(known=known, asked_at=watch.asked_at if same else at)
        if watch.until > at + TINY or record.power is None:
            return now
        late = at - now.asked_at >= settle - TINY
        ignored = now.ignored + 1 if late and ignores(known, part / 100, least) else 0
        if ignored < times:
            return now._replace(ignored=ignored)
        return now._replace(ignored=0, until=at + lasts)

    return Each(battery, hear)


def way(known: Battery, least: Watts) -> int:
    """Which way a battery is told to work: 1 discharging, -1 charging, 0 neither."""
    if known.setpoint is None or abs(known.setpoint) < least:
        return 0
    return 1 if known.setpoint > 0 else -1


def ignores(known: Battery, part: float, least: Watts) -> bool:
    """Tell whether a battery does next to nothing of what it was told."""
    sign = way(known, least)
    if not sign or known.power is None or known.setpoint is None:
        return False
    return sign * known.power < part * abs(known.setpoint)


def _back(record: Battery, was_out: bool) -> Battery:
    return replace(record, online=True) if was_out and record.online is None else record
