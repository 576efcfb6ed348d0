"""What a battery has told of itself so far, but for its power, without what is no number."""

from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from flowctl import Battery, Percent, Seconds, WattHours, Watts

JUMP = 10.0  # % from one record to the next: gauges in steps of 5 % make less
T = TypeVar("T", bound=float | None)


class Facts(NamedTuple):
    """Fields of `Battery` that the law uses and that seldom change; `None` is not known."""

    max_charge: Watts
    """Its rating, as long as it tells nothing."""
    max_discharge: Watts
    soc: Percent | None = None
    capacity: WattHours | None = None
    min_power: Watts | None = None
    write_every: Seconds | None = None
    self_regulating: bool | None = None
    online: bool | None = None
    pv_power: Watts | None = None
    odd_soc: Percent | None = None
    """A charge far from the one before, until it is told again."""
    told: tuple[Any, ...] = ()
    """What the record told of all this that it was last changed by."""


def updated(facts: Facts, record: Battery) -> Facts:
    """Lay a record over what is known, if it is news; who tells a power is there again."""
    online = record.online
    if online is None:
        online = True if record.power is not None else facts.online
    told = _told(record)
    if online is facts.online and facts.odd_soc is None and told in (NOTHING, facts.told):
        return facts
    selfish = record.self_regulating
    soc, odd = _charge(newer(record.soc, None), facts)
    now = Facts(
        max(0.0, newer(record.max_charge, facts.max_charge)),
        max(0.0, newer(record.max_discharge, facts.max_discharge)),
        soc,
        newer(record.capacity, facts.capacity),
        newer(record.min_power, facts.min_power),
        newer(record.write_every, facts.write_every),
        facts.self_regulating if selfish is None else selfish,
        online,
        newer(_made(record.pv_power), facts.pv_power),
        odd,
        facts.told,
    )
    return facts if now == facts else now._replace(told=told)


_told = attrgetter(
    "max_charge",
    "max_discharge",
    "soc",
    "capacity",
    "min_power",
    "write_every",
    "self_regulating",
    "pv_power",
)
NOTHING = _told(Battery())


def newer(new: float | None, old: T) -> float | T:
    """Prefer the new number, if it is one: NaN and infinities are not heard."""
    return old if new is None or new - new != 0 else new


def _charge(soc: Percent | None, facts: Facts) -> tuple[Percent | None, Percent | None]:
    """Believe a charge that jumps when it is told twice: a lone zero is a glitch."""
    known, odd = facts.soc, facts.odd_soc
    if soc is None or known is None or abs(soc - known) <= JUMP:
        return (known, odd) if soc is None else (soc, None)
    is_again = odd is not None and abs(soc - odd) <= JUMP
    return (soc, None) if is_again else (known, soc)


def _made(power: Watts | None) -> Watts | None:
    """Panels draw a little at night; that is nothing to give."""
    return None if power is None else max(0.0, power)
