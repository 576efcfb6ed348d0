"""How much a car may charge with. Pure.

Source: rules of Home Energy Controller (Jasper-Hilven/HomeEnergyController 28a1798); the surplus
in place of the grid power, which batteries in Auto hold at zero, is ours.
"""

from collections.abc import Sequence
from typing import NamedTuple

from flowctl import Percent, Watts


class CarRules(NamedTuple):
    """What the user sets."""

    part: Percent = 85.0
    full: Percent = 90.0
    empty: Percent = 20.0
    night: Watts = 1400.0
    least: Watts = 0.0


RULES = CarRules()


def car_draw(
    load: Watts, charges: Sequence[Percent], *, cheap: bool, rules: CarRules = RULES
) -> Watts:
    """Say what a connected car may draw, a magnitude; `load` is that of the house without it.

    A part of the surplus, or all when the batteries are full; with no surplus a small power while
    energy is cheap, unless the batteries are empty.
    """
    full = bool(charges) and all(soc >= rules.full for soc in charges)
    empty = bool(charges) and all(soc <= rules.empty for soc in charges)
    if load < 0:
        draw = -load * (1.0 if full else rules.part / 100)
        if draw >= rules.least:
            return draw
    return rules.night if cheap and not empty else 0.0
