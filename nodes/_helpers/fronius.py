"""Answers of the Fronius Solar API.

Source: Fronius Solar API v1: `Head.Status.Code` 0 when all is well, else `Reason`;
`Body.Data.Site` of GetPowerFlowRealtimeData with `P_Grid`, `P_PV`, `P_Akku`, each a number or null.
"""

from typing import Any, Literal

from flowctl import Watts
from nodes._helpers.fields import number, pick

FLOW = "/solar_api/v1/GetPowerFlowRealtimeData.fcgi"
SITE = "Body.Data.Site"
Place = Literal["grid", "solar", "battery"]
FIELDS = {"grid": "P_Grid", "solar": "P_PV", "battery": "P_Akku"}


def power(said: Any, of: Place = "grid") -> Watts:
    """Read one power: grid import +, solar +, battery discharging +.

    Raises:
        ValueError: the inverter reports a fault, or does not know it.
    """
    status = pick(said, "Head.Status")
    if pick(status, "Code") != 0:
        raise ValueError(f"fault {pick(status, 'Code')}: {pick(status, 'Reason')}")
    value = pick(said, f"{SITE}.{FIELDS[of]}")
    if value is None and of == "solar":  # at night
        return 0.0
    return number(value)
