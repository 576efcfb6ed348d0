"""Houses drawn at random: batteries, meters and faults as they are met, as the text of a plant."""

from collections.abc import Iterator
from random import Random
from typing import Any

import yaml
from loads import WARM

LASTS = 1500.0  # s
NAMES = ("left", "right", "third", "fourth", "fifth")
METERS = (0.3, 1.0, 1.0, 1.0, 2.0, 10.0)  # s between two readings
FAULTS = ({"gain": "60%"}, {"cap": "300W"}, {"offline": True}, {"deaf": True})


def house(random: Random) -> str:
    """Draw the plant file of a house with one to five batteries."""
    names = NAMES[: random.randint(1, len(NAMES))]
    batteries = {name: dict(_battery(random)) for name in names}
    return yaml.safe_dump({"meter": dict(_meter(random)), **batteries}, sort_keys=False)


def _meter(random: Random) -> Iterator[tuple[str, Any]]:
    every = random.choice(METERS)
    yield "every", f"{every}s"
    yield "average", f"{min(every, 1.0)}s"
    yield "latency", f"{random.uniform(0.3, 1.5):.2f}s"
    yield "noise", f"{random.uniform(1, 8):.1f}W"


def _battery(random: Random) -> Iterator[tuple[str, Any]]:
    power = random.choice((800, 1200, 2500))
    yield "kind", "wired"
    yield "dead_time", f"{random.uniform(0.4, 6):.2f}s"
    yield "lag", f"{random.uniform(0.3, 3.5):.2f}s"
    yield "slew", f"{random.uniform(200, 1200):.0f}W/s"
    yield "wake", f"{random.uniform(0, 2.5):.2f}s"
    yield "max_charge", f"{power}W"
    yield "max_discharge", f"{power}W"
    yield "min_power", f"{random.choice((0, 80, 150))}W"
    yield "resolution", f"{random.choice((1, 5, 10))}W"
    yield "capacity", f"{random.uniform(2000, 6000):.0f}Wh"
    yield "soc", f"{random.uniform(30, 80):.0f}%"
    yield "write_every", f"{random.uniform(1, 2.5):.2f}s"
    yield "telemetry", dict(_telemetry(random))
    if random.random() < 0.4:
        yield "faults", [dict(_fault(random))]


def _telemetry(random: Random) -> Iterator[tuple[str, Any]]:
    """One in four tells nothing."""
    yield "every", f"{random.uniform(2, 10):.2f}s" if random.random() < 0.75 else "0s"
    yield "age", f"{random.uniform(0.2, 3):.2f}s"
    yield "noise", f"{random.uniform(2, 30):.0f}W"


def _fault(random: Random) -> Iterator[tuple[str, Any]]:
    yield "after", f"{random.uniform(WARM, LASTS - 300):.0f}s"
    yield "lasts", f"{random.uniform(60, 400):.0f}s"
    yield from random.choice(FAULTS).items()
