"""What a Zendure SolarFlow takes and tells on its local HTTP interface.

Source: Zendure/zenSDK, README, and what Omnibattery records of a 2400 AC: GET /properties/report
gives `sn` and `properties`; POST /properties/write takes `sn` and `properties`. `acMode` 1 charges
with `inputLimit`, 2 discharges with `outputLimit`, in W; `smartMode` 1 keeps what is written out of
the flash. `gridInputPower` and `outputHomePower` are its AC powers, `outputPackPower` goes into the
cells, `packInputPower` out of them, in W; `electricLevel` in %; limits
`chargeMaxLimit` and `inverseMaxPower` in W. Reports show the old setpoint for 0.5 to 2 s.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flowctl import Battery, Watts
from nodes._helpers.fields import number, pick

REPORT, WRITE = "/properties/report", "/properties/write"
CHARGE, DISCHARGE = 1, 2
IDLE = {"acMode": DISCHARGE, "outputLimit": 0, "smartMode": 1}


class Report(NamedTuple):
    """A report, read; powers + discharging."""

    serial: str
    battery: Battery
    setpoint: Watts | None
    """What it holds."""


def read_report(said: Any) -> Report:
    """Read a report.

    Raises:
        ValueError: it is none.
    """
    serial, told = pick(said, "sn"), pick(said, "properties")
    if not isinstance(serial, str) or not isinstance(told, Mapping):
        raise ValueError("not a report of a Zendure")
    known = {key: number(value) for key, value in told.items() if key in _NUMBERS}
    battery = Battery(
        power=_difference(known, "outputHomePower", "gridInputPower"),
        cell_power=_difference(known, "packInputPower", "outputPackPower"),
        pv_power=known.get("solarInputPower"),
        soc=known.get("electricLevel"),
        max_charge=known.get("chargeMaxLimit"),
        max_discharge=known.get("inverseMaxPower"),
        online=True,
    )
    return Report(serial, battery, _setpoint(known))


def order(watts: Watts, limits: Battery) -> tuple[Watts, Mapping[str, int]]:
    """Return what it will hold of a wanted power, and the properties to write for it."""
    most, least = limits.max_discharge, limits.max_charge
    held = watts if most is None else min(watts, most)
    held = held if least is None else max(held, -least)
    whole = round(held)
    if whole < 0:
        return float(whole), {"acMode": CHARGE, "inputLimit": -whole, "smartMode": 1}
    return float(whole), IDLE | {"outputLimit": whole}


_NUMBERS = {
    "outputHomePower",
    "gridInputPower",
    "packInputPower",
    "outputPackPower",
    "solarInputPower",
    "electricLevel",
    "chargeMaxLimit",
    "inverseMaxPower",
    "acMode",
    "inputLimit",
    "outputLimit",
}


def _difference(known: Mapping[str, float], plus: str, minus: str) -> Watts | None:
    if plus not in known and minus not in known:
        return None
    return known.get(plus, 0.0) - known.get(minus, 0.0)


def _setpoint(known: Mapping[str, float]) -> Watts | None:
    charges = known.get("acMode") == CHARGE
    limit = known.get("inputLimit" if charges else "outputLimit")
    return limit if limit is None or not charges else 0.0 - limit
