"""Say several batteries as one."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from flowctl import Battery, Clock, Ge, Gt, Observable, Percent, Seconds, Store, WattHours
from nodes._helpers.expressions import sayable
from nodes._helpers.fleet import Fleet, law

SUMS = ("power", "setpoint", "max_charge", "max_discharge", "cell_power", "pv_power")
COUNTERS = ("charged", "discharged")
GONE = Battery(online=False)
NOTHING = (Battery(), GONE)
"""A battery that has told nothing yet, and a place that is kept for one that is not there."""


def as_one(
    beat: Annotated[Observable[Any], "when to say it: a `tick`, a meter, a plan"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "those that are said as one"],
    *,
    away: Annotated[
        Annotated[Seconds, Gt(0)] | None, "a battery not measured for so long counts as offline"
    ] = 60.0,
    wait: Annotated[
        Seconds, Ge(0), "counters are not told sooner, unless all are known: a sum must not jump"
    ] = 30.0,
    clock: Clock,
    store: Store,
) -> Observable[Battery]:
    """Say one record per beat: powers and limits added up, the charge by capacity.

    Batteries that are offline give no power; their charge, capacity and counters count as they were
    last, counters also over restarts, so that energy in total never falls because one is away. The
    temperature is that of the hottest; a mode is told where all have the same. It is offline when
    all are. Silent before the first of them has spoken.
    """

    def step(began: float | None, _beat: Any, fleet: Fleet) -> tuple[float | None, Battery | None]:
        at = clock.time()
        heard = {name: told for name, told in fleet.told.items() if told not in NOTHING}
        if not heard:
            return None, None
        began = at if began is None else began
        here = [told for name, told in heard.items() if fleet.present(name, at, away)]
        counters = {name: _counted(name, heard, fleet.told, store) for name in COUNTERS}
        there = sum(told != GONE for told in fleet.told.values())
        whole = all(len(known) >= there for known in counters.values())
        told = whole or at - began >= wait
        sums = {name: _sum(known.values()) if told else None for name, known in counters.items()}
        return began, joined(list(heard.values()), here, sums)

    return law(beat, batteries, None, step, clock).filter(_is_told)


def joined(
    heard: Sequence[Battery], here: Sequence[Battery], counters: Mapping[str, WattHours | None]
) -> Battery:
    """Make one record of all that were heard, and of those that are here."""
    sums = {name: _sum(getattr(one, name) for one in here) for name in SUMS}
    if not here:
        sums["power"] = 0.0
    modes = {one.mode for one in here}
    return Battery(
        **sums,
        **counters,
        soc=charge(heard),
        capacity=_sum(one.capacity for one in heard),
        temperature=max(
            (one.temperature for one in here if one.temperature is not None), default=None
        ),
        mode=modes.pop() if len(modes) == 1 else None,
        self_regulating=any(one.self_regulating for one in here) if here else None,
        online=bool(here),
    )


def charge(batteries: Iterable[Battery]) -> Percent | None:
    """Return the state of charge of all, by capacity; an unknown one counts as the mean of them."""
    known = [(one.soc, one.capacity) for one in batteries if one.soc is not None]
    sizes = [size for _, size in known if size]
    mean = math.fsum(sizes) / len(sizes) if sizes else 1.0
    whole = math.fsum(size or mean for _, size in known)
    return math.fsum(soc * (size or mean) for soc, size in known) / whole if known else None


def _sum(parts: Iterable[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return math.fsum(known) if known else None


def _counted(
    counter: str, heard: Mapping[str, Battery], names: Iterable[str], store: Store
) -> dict[str, WattHours]:
    """Return the newest count of each battery, and keep it."""
    kept = store.get(counter)
    before = kept if isinstance(kept, Mapping) else {}
    now = {name: _number(before.get(name)) for name in names}
    now |= {
        name: told for name, one in heard.items() if (told := getattr(one, counter)) is not None
    }
    known = {name: count for name, count in now.items() if count is not None}
    if known != before:
        store[counter] = known
    return known


def _number(kept: Any) -> float | None:
    found = sayable(kept)
    return found if isinstance(found, float) else None


def _is_told(record: Battery | None) -> bool:
    return record is not None
