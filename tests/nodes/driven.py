"""A device node driven by hand, in a task as the engine would; and a storage that obeys at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from flowctl import RELEASE, Battery, Latest, Release, Store, Watts
from flowctl.live.clock import LiveClock
from tests.nodes.streams import LOG, ended, until


@dataclass
class Cell:
    """A storage that gives what it is told, at once."""

    power: float = 0.0
    soc: float = 60.0
    capacity: float = 2240.0
    online: bool = True
    commands: list[float | None] = field(default_factory=list)

    def command(self, watts: float | None) -> None:
        if not self.online:
            return
        if not self.commands or watts != self.commands[-1]:
            self.commands.append(watts)
        self.power = watts or 0.0


@dataclass
class Driven:
    """A running device node."""

    box: Latest[Watts | Release]
    store: Store
    records: list[Battery]
    task: asyncio.Task[None]
    answers: dict[Watts, Release] = field(default_factory=dict)
    """What the shell says to a setpoint that is told."""

    def put(self, watts: float | None) -> None:
        self.box.put(RELEASE if watts is None else watts)

    def told(self, name: str) -> list[Any]:
        read = (getattr(record, name) for record in self.records)
        return [value for value in read if value is not None]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait; a fault of the device is raised here."""
        await until(lambda: (self.task.done() and self.task.result() is None) or true())

    async def hears(self, name: str, value: Any) -> None:
        await self.until(lambda: value in self.told(name))

    async def accepts(self, watts: float) -> None:
        await self.until(lambda: self.told("setpoint")[-1:] == [watts])

    async def stop(self) -> None:
        await ended(self.task)


@asynccontextmanager
async def driven(node: Callable[..., Any], **settings: Any) -> AsyncIterator[Driven]:
    """Run a device; what it wants besides its settings is handed in, as by the engine."""
    box: Latest[Watts | Release] = Latest()
    records: list[Battery] = []
    ours = {"log": LOG, "clock": LiveClock(), "store": settings.get("store", Store())}
    wanted = signature(node).parameters
    given = {name: part for name, part in ours.items() if name in wanted} | settings

    async def run() -> None:
        device = node(box, **given)
        try:
            async for record in device:
                records.append(record)
                if record.setpoint in one.answers:
                    box.put(one.answers[record.setpoint])
        finally:
            await device.aclose()

    one = Driven(box, ours["store"], records, asyncio.create_task(run()))
    try:
        yield one
    finally:
        await one.stop()
