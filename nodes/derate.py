"""Let a battery do less near full or near empty."""

from dataclasses import replace
from typing import Annotated

from flowctl import Battery, Ge, Observable, Percent, Watts
from nodes._helpers.operators import Each, Receiver


def derate(
    battery: Annotated[Observable[Battery], "what a battery tells"],
    *,
    above: Annotated[
        Percent | None, "at this charge or more, it charges at most with `charge`"
    ] = None,
    charge: Annotated[Watts, Ge(0), "largest charging power then"] = 0.0,
    below: Annotated[
        Percent | None, "at this charge or less, it discharges at most with `discharge`"
    ] = None,
    discharge: Annotated[Watts, Ge(0), "largest discharging power then"] = 0.0,
    rating: Annotated[Watts, Ge(0), "its limit at other times, where it does not tell it"] = 2500.0,
) -> Observable[Battery]:
    """Pass what a battery tells, with its limits lowered; one per record.

    Read by a law in place of the battery itself (`batteries: {left: calm_left, right: right}`), so
    that what this one may not do is given to the others. Several in a row make a staircase.

    Raises:
        ValueError: neither `above` nor `below` is given.
    """
    if above is None and below is None:
        raise ValueError("derate has no threshold; give above and charge, or below and discharge")

    def hear(say: Receiver[Battery]) -> Receiver[Battery]:
        known = Battery()

        def receive(record: Battery) -> None:
            nonlocal known
            known = record.after(known)
            say(lowered(record, known))

        return receive

    def lowered(record: Battery, known: Battery) -> Battery:
        soc = known.soc
        takes = rating if known.max_charge is None else known.max_charge
        gives = rating if known.max_discharge is None else known.max_discharge
        if above is not None:
            near = soc is not None and soc >= above
            record = replace(record, max_charge=min(takes, charge) if near else takes)
        if below is not None:
            near = soc is not None and soc <= below
            record = replace(record, max_discharge=min(gives, discharge) if near else gives)
        return record

    return Each(battery, hear)
