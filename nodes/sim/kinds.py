"""Meters and batteries as homes have them: what the settings of a `kind` begin with."""

from collections.abc import Mapping
from typing import Any

from nodes._helpers.marstek_families import FAMILIES
from nodes.sim.setup import Losses, Telemetry

METERS: Mapping[str, Mapping[str, Any]] = {
    "dsmr5": {},
    "dsmr4": {"every": 10.0, "latency": 1.0, "resolution": 10.0},
    "fast": {"every": 0.3, "latency": 0.5, "average": 0.3, "noise": 4.0},
}
"""Meters as homes have them: a new P1 port, an old one, and a clamp or optical head."""

BATTERIES: Mapping[str, Mapping[str, Any]] = {
    "wired": {},
    "udp": {
        "dead_time": 2.4, "lag": 1.2, "slew": 500.0, "wake": 2.0, "min_power": 100.0,
        "resolution": 5.0, "write_every": 2.0,
        "telemetry": Telemetry(every=4.0, age=1.0, noise=5.0),
    },
    "cloud": {
        "dead_time": 5.0, "lag": 3.0, "slew": 250.0, "wake": 3.0, "min_power": 100.0,
        "stays_awake": False, "resolution": 10.0, "write_every": 2.5, "capacity": 4000.0,
        "max_charge": 1600.0, "max_discharge": 1600.0,
        "telemetry": Telemetry(every=8.0, age=2.0, noise=8.0),
    },
    "hybrid": {
        "dead_time": 0.5, "lag": 0.3, "slew": 1000.0, "wake": 0.5, "min_power": 0.0,
        "capacity": 8000.0, "max_charge": 3000.0, "max_discharge": 3000.0,
        "telemetry": Telemetry(every=1.0, age=0.2, noise=2.0),
    },
    "b2500": {
        "dead_time": 1.0, "lag": 0.5, "slew": 40.0, "wake": 1.0, "min_power": 0.0,
        "write_every": 0.5, "capacity": 2240.0, "max_charge": 0.0, "max_discharge": 800.0,
        "telemetry": Telemetry(every=5.0, age=1.0, noise=1.0),
    },
    "load": {
        "dead_time": 0.3, "lag": 0.1, "slew": 1e5, "wake": 0.0, "min_power": 0.0,
        "stays_awake": False, "write_every": 0.0, "max_charge": 1000.0, "max_discharge": 0.0,
        "taper_from": 100.0,
        "telemetry": Telemetry(every=5.0, age=0.0, noise=0.0),
        "losses": Losses(standing=0.0, proportional=100.0, at_full_power=0.0),
    },
}  # fmt: skip
"""Batteries as homes have them: a wired gateway, a local datagram API, a cloud or MQTT micro
storage, a hybrid inverter, as the control bench is scored on; a one-way storage that follows its
meter by 17 W per output and second (AstraMeter's record of the B2500); and a load, which is steered
like a battery and keeps nothing of what it takes."""

PROTOCOLS: Mapping[str, str] = {
    "marstek_udp": "udp",
    **dict.fromkeys(("b2500_esp", "b2500_mqtt", "b2500_shelly", "b2500_ct"), "b2500"),
}
"""What speaks so is of this kind, where nothing else is said; all others are `wired`."""

CAPACITY: Mapping[str, float] = {"c": 2560.0, "d": 2560.0, "a": 2120.0}
"""Wh of one pack of a Venus; all others 5120. Source: evcc's templates, Marstek Venus Modbus."""


def rated(family: str) -> Mapping[str, float]:
    """Tell what a Venus of some family is rated at; nothing of what is none."""
    if family not in FAMILIES:
        return {}
    limit = FAMILIES[family].limit
    return {
        "max_charge": limit,
        "max_discharge": limit,
        "capacity": CAPACITY.get(family, 5120.0),
    }
