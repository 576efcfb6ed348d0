"""What each make of device is in a plant: the twins of our nodes, each of its node's name.

A twin has the signature of its node and is called with the settings of a step. It says in the
words of a plant file (W, Wh, s, %) which kind of battery or meter that is, and what it is rated at;
what is not said is that of the kind. `None`: there is nobody. Of `telemetry` it says `every`,
`no_soc` and `untold` only where the step decides them: these go before a plant file, all else
after.
"""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from nodes._helpers.load_line import UNASKED
from nodes._helpers.variator import Variator
from nodes.sim.kinds import rated

LEAST = "min_power"
"""Nowhere is it documented how a Venus, or a Zendure, would tell that: the law has to learn it."""
COUNTERS = ("charged", "discharged")
STEERED = (LEAST, "self_regulating", *COUNTERS, "cell_power")
"""What is not known of a battery that follows the meter it is shown."""
LOAD = ("power", "write_every", "self_regulating", *COUNTERS)
"""A load tells what it was told to draw, not what it draws."""
Said = dict[str, Any]
Twin = Callable[..., Said | None]
POLLED = 1.0
"""s between two polls of a meter by a B2500. Source: AstraMeter's record."""
NEWEST = 1.0
"""s between two values of a meter that is new, or of one that sends them."""


def twin(says: Twin) -> Twin:
    """Give a twin the signature of the node of its name."""
    name = says.__name__
    node: Callable[..., Any] = getattr(import_module(f"nodes.{name}"), name)
    return wraps(node)(says)


@twin
def marstek_modbus(*, host: str, family: str, poll: float, **_: Any) -> Said | None:
    """Be a Venus, by its port or behind a gateway; one that is still to be asked is an E v3."""
    rating = rated("v3" if family == "auto" else family)
    return {"kind": "wired", **rating, **_every(poll, LEAST)} if host else None


@twin
def marstek_udp(*, host: str, poll: float, capacity: float | None, **_: Any) -> Said | None:
    """Be a Venus behind its local interface: which one, only the battery itself would tell."""
    return {"kind": "udp", **_size(capacity), **_every(poll, LEAST)} if host else None


@twin
def ha_battery(*, poll: float, **_: Any) -> Said:
    """Be a battery two controllers away: no quicker than one over WiFi."""
    return {"kind": "udp", **_every(poll, LEAST, *COUNTERS)}


@twin
def zendure(*, poll: float, **_: Any) -> Said:
    """Be a 2400 AC, which takes 3 s to follow. Source: Omnibattery."""
    rating = {"max_charge": 2400.0, "max_discharge": 2400.0}
    untold = (LEAST, *COUNTERS, "capacity", "self_regulating")
    return {"kind": "udp", "dead_time": 3.0, **rating, **_every(poll, *untold)}


@twin
def b2500_mqtt(
    *, poll: float, min_power: float, max_power: float, capacity: float | None, **_: Any
) -> Said:
    """Be a storage that goes by timers: as slow as the slowest kind, and one-way."""
    rating = {"max_charge": 0.0, "max_discharge": max_power, "min_power": min_power}
    size = {"capacity": capacity or 2240.0}
    return {"kind": "cloud", **rating, **size, **_every(poll, *COUNTERS, *_unsized(capacity))}


@twin
def b2500_esp(
    *, max_power: float, step: float, poll: float, age: float, battery_topic: str,
    capacity: float | None, **_: Any,
) -> Said:  # fmt: skip
    """Be a storage that follows its meter, step by step; its ESP tells of it."""
    told = {"age": age, "no_soc": not battery_topic, **_untold(*STEERED, *_unsized(capacity))}
    rating = {"max_discharge": max_power, "slew": step / max(poll, POLLED), **_size(capacity)}
    return {"kind": "b2500", **rating, "telemetry": told}


@twin
def ct_emulator(*, age: float, capacity: float | None, **settings: Any) -> Said:
    """Be what polls its meter and tells its power each time."""
    told = {"every": POLLED, "age": age, "no_soc": True}
    told |= _untold(*STEERED, *_unsized(capacity))
    return {**_follower(capacity=capacity, **settings), "telemetry": told}


@twin
def shelly_emulator(
    *, age: float, broker: str | None, power_topic: str, battery_topic: str,
    capacity: float | None, **settings: Any,
) -> Said:  # fmt: skip
    """Be what polls its meter; what it does is known only from an ESP, if one tells."""
    seen = {"age": age, "no_soc": not battery_topic}
    seen |= _untold(*STEERED, *_unsized(capacity))
    told = seen if broker and power_topic else {"every": 0.0}
    return {**_follower(capacity=capacity, **settings), "telemetry": told}


@twin
def switched_load(*, power: float | None, **_: Any) -> Said:
    """Be a load on a relay, which is on or off."""
    drawn = power or UNASKED
    unrated = () if power else ("max_charge", "min_power")
    told = {"telemetry": _untold(*LOAD, *unrated)}
    return {"kind": "load", "max_charge": drawn, "min_power": drawn, **told}


@twin
def variable_load(
    *, calibration: Path | None, max_power: float | None, min_power: float, min_percent: float,
    **_: Any,
) -> Said:  # fmt: skip
    """Be a heater behind a variator."""
    most = Variator.of(calibration, max_power, min_power, min_percent).curve.most
    told = {"telemetry": _untold(*LOAD)}
    return {"kind": "load", "max_charge": most, "min_power": min_power, **told}


@twin
def homewizard_p1(*, every: float, **_: Any) -> Said:
    """Be a P1 port, which has a new value each second."""
    return {"kind": "dsmr5", "every": NEWEST, "polled": every}


@twin
def homewizard_v2(*, every: float, push: bool, **_: Any) -> Said:
    """Be a P1 port, or another meter of HomeWizard's; as new each second."""
    return {"kind": "dsmr5", "every": NEWEST, "polled": 0.0 if push else every}


@twin
def dsmr(**_: Any) -> Said:
    """Be a P1 port that speaks by itself."""
    return {"kind": "dsmr5", "every": NEWEST}


@twin
def shelly(*, every: float, push: bool, broker: str | None, **_: Any) -> Said:
    """Be clamps around the wires."""
    polled = 0.0 if push or broker else every
    return {"kind": "fast", "every": min(polled or NEWEST, NEWEST), "polled": polled}


@twin
def sma_speedwire(**_: Any) -> Said:
    """Be an Energy Meter, which speaks once a second."""
    return {"kind": "fast", "every": NEWEST}


def _follower(
    *, step: float | None, max_power: float, charge_power: float, throttle: float,
    capacity: float | None, **_: Any,
) -> Said:  # fmt: skip
    """What follows the meter that is shown to it: in steps a B2500, at once a Venus."""
    rating = {"max_charge": charge_power, "max_discharge": max_power, **_size(capacity)}
    if step is None:
        return {"kind": "udp", **rating}
    return {"kind": "b2500", "slew": step / max(throttle, POLLED), **rating}


def _size(capacity: float | None) -> Said:
    return {"capacity": capacity} if capacity else {}


def _unsized(capacity: float | None) -> tuple[str, ...]:
    """A capacity that only the step can tell."""
    return () if capacity else ("capacity",)


def _every(poll: float, *untold: str) -> Said:
    return {"telemetry": {"every": poll, **_untold(*untold)}}


def _untold(*names: str) -> Said:
    """What a node does not hear of its device, or does not tell."""
    return {"untold": names}
