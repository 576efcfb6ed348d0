"""Say what a car may charge with: a part of the surplus, and a little while energy is cheap."""

import math
from collections.abc import Mapping
from typing import Annotated

from flowctl import Battery, Clock, Ge, Le, Observable, Outlook, Percent, Watts
from nodes._helpers.car import CarRules, car_draw
from nodes._helpers.fleet import Fleet, law


def car_charging(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    batteries: Annotated[Mapping[str, Observable[Battery]], "what each battery tells"],
    connected: Annotated[Observable[bool], "whether a car is plugged in"],
    cheap: Annotated[Observable[bool] | None, "whether energy is cheap now"] = None,
    draws: Annotated[Observable[Watts] | None, "what the car draws, measured, positive"] = None,
    *,
    part: Annotated[Percent, Ge(0), Le(100), "of the surplus; the batteries get the rest"] = 85.0,
    full: Annotated[
        Percent, Ge(0), Le(100), "with this charge in every battery the car gets all"
    ] = 90.0,
    empty: Annotated[
        Percent, Ge(0), Le(100), "with this or less in every battery, none without surplus"
    ] = 20.0,
    night: Annotated[Watts, Ge(0), "without surplus, while energy is cheap"] = 1400.0,
    least: Annotated[Watts, Ge(0), "the charger does not take less: 1400W of one phase"] = 0.0,
    clock: Clock,
) -> Observable[Watts]:
    """Say one power per outlook, negative as the car draws it; 0 while no car is plugged in.

    The surplus is what the roof makes and the house does not draw: batteries, in Auto too, and the
    car itself left aside. Without `draws` the car counts as a load of the house. A wallbox wants it
    positive: put `scale: -1` before what it reads.

    Source: Home Energy Controller (Jasper-Hilven/HomeEnergyController 28a1798).
    """
    rules = CarRules(part, full, empty, night, least)

    def decide(_: None, view: Outlook, fleet: Fleet) -> tuple[None, Watts]:
        if not fleet.newest["connected"]:
            return None, 0.0
        charges = [one.soc for one in fleet.told.values() if one.soc is not None]
        load = house_load(view, fleet) - _finite(fleet.newest["draws"])
        return None, 0.0 - car_draw(load, charges, cheap=bool(fleet.newest["cheap"]), rules=rules)

    others = {"connected": connected, "cheap": cheap, "draws": draws}
    return law(outlook, batteries, None, decide, clock, **others)


def house_load(view: Outlook, fleet: Fleet) -> Watts:
    """Add to the load what batteries with a meter of their own give."""
    own = (
        one.power or 0.0
        for one in fleet.told.values()
        if one.self_regulating and one.online is not False
    )
    return view.load + math.fsum(own)


def _finite(watts: Watts | None) -> Watts:
    return watts if watts is not None and math.isfinite(watts) else 0.0
