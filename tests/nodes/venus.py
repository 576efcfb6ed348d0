"""A battery cell, and `marstek_modbus` driven by hand: what the tests of Modbus devices share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from flowctl import Log, Terms
from nodes.marstek_modbus import TERMS, marstek_modbus
from tests.nodes.driven import Driven
from tests.nodes.driven import driven as drive

FAST = {"gap": 0.001, "rest": 0.03, "settle": 0.05, "poll": 0.01, "patience": 3.0}
LOG = Log("left/marstek_modbus")


@dataclass
class Cell:
    """A battery that does at once what it is told."""

    power: float = 0.0
    soc: float = 60.0
    capacity: float = 5120.0
    online: bool = True
    commands: list[float | None] = field(default_factory=list)

    def command(self, watts: float | None) -> None:
        self.commands.append(watts)
        self.power = 12.0 if watts is None else watts


@asynccontextmanager
async def driven(port: int, *, terms: Terms = TERMS, **settings: Any) -> AsyncIterator[Driven]:
    """Run a `marstek_modbus` that looks often."""
    given = {"host": "127.0.0.1", "port": port, "log": LOG, "terms": terms, **FAST, **settings}
    async with drive(marstek_modbus, **given) as device:
        yield device
