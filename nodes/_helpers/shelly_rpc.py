"""What batteries ask a Shelly meter over UDP, and how they must be answered.

Source: tomquist/b2500-meter and AstraMeter: requests `EM.GetStatus` (Pro 3EM, ports 1010 and 2220)
and `EM1.GetStatus` (EM Gen3, 2222; Pro EM50, 2223); batteries read only numbers with a decimal
point, and look at the name of the meter.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from flowctl import Watts
from nodes._helpers.polled_meter import Question
from nodes._helpers.udp import read_object

Model = Literal["shellypro3em", "shellyemg3", "shellyproem50"]
PORTS: Mapping[int, Model] = {2222: "shellyemg3", 2223: "shellyproem50"}  # else it is a Pro 3EM
LEAST = 0.001  # W in place of nothing, and added to whole numbers
DIGITS = "ec4609c439c1"  # of the name; any will do


def name_of(model: Model | None, port: int) -> str:
    """Name a meter as batteries expect it at a port."""
    return f"{model or PORTS.get(port, 'shellypro3em')}-{DIGITS}"


def understand(data: bytes, name: str) -> Question | None:
    """Read a question for the power; nothing if it is another, or none."""
    said = read_object(data)
    number, method, params = said.get("id"), said.get("method"), said.get("params")
    phase = params.get("id") if isinstance(params, dict) else None
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in (number, phase))
    if not whole or method not in ("EM.GetStatus", "EM1.GetStatus"):
        return None
    return Question(partial(_answer, number, name, method == "EM.GetStatus"))


def pointed(watts: Watts) -> float:
    """Return a power with digits after its point: 0.001 for nothing, 12.001 for 12."""
    if abs(watts) < 0.1:
        return LEAST
    tenths = round(float(watts), 1)
    return tenths + LEAST if tenths.is_integer() else tenths


def _answer(number: Any, name: str, phases: bool, watts: Watts) -> bytes:
    """Put it all on phase A."""
    result = {"act_power": pointed(watts)}
    if phases:
        total = round(pointed(watts) + LEAST, 3) if abs(watts) >= 0.1 else LEAST
        result = {
            "a_act_power": pointed(watts),
            "b_act_power": LEAST,
            "c_act_power": LEAST,
            "total_act_power": total,
        }
    reply = {"id": number, "src": name, "dst": "unknown", "result": result}
    return json.dumps(reply, separators=(",", ":")).encode()
