"""What a battery has told of itself so far, newest first, without what is no number."""

from typing import NamedTuple, TypeVar

from flowctl import Battery, Percent, Seconds, WattHours, Watts

T = TypeVar("T", bound=float | None)


class Facts(NamedTuple):
    """Fields of `Battery` that the law uses; `None` is not known."""

    max_charge: Watts
    """Its rating, as long as it tells nothing."""
    max_discharge: Watts
    power: Watts | None = None
    soc: Percent | None = None
    capacity: WattHours | None = None
    min_power: Watts | None = None
    write_every: Seconds | None = None
    self_regulating: bool | None = None
    online: bool | None = None
    pv_power: Watts | None = None


def updated(facts: Facts, record: Battery) -> Facts:
    """Lay a record over what is known, if it is news; who tells a power is there again."""
    online = record.online
    if online is None:
        online = True if record.power is not None else facts.online
    selfish = record.self_regulating
    now = Facts(
        max(0.0, newer(record.max_charge, facts.max_charge)),
        max(0.0, newer(record.max_discharge, facts.max_discharge)),
        newer(record.power, facts.power),
        newer(record.soc, facts.soc),
        newer(record.capacity, facts.capacity),
        newer(record.min_power, facts.min_power),
        newer(record.write_every, facts.write_every),
        facts.self_regulating if selfish is None else selfish,
        online,
        newer(_made(record.pv_power), facts.pv_power),
    )
    return facts if now == facts else now


def newer(new: float | None, old: T) -> float | T:
    """Prefer the new number, if it is one: NaN and infinities are not heard."""
    return old if new is None or new - new != 0 else new


def _made(power: Watts | None) -> Watts | None:
    """Panels draw a little at night; that is nothing to give."""
    return None if power is None else max(0.0, power)
