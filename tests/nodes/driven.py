"""A device node driven by hand, in a task as the engine would; and a storage that obeys at once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from flowctl import Battery, Latest, Release, Watts
from flowctl.live.clock import LiveClock
from tests.nodes.streams import LOG, until


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
    records: list[Battery]
    task: asyncio.Task[None]

    def told(self, name: str) -> list[Any]:
        read = (getattr(record, name) for record in self.records)
        return [value for value in read if value is not None]

    async def until(self, true: Callable[[], object]) -> None:
        await until(lambda: (self.task.done() and self.task.result() is None) or true())

    async def hears(self, name: str, value: Any) -> None:
        await self.until(lambda: value in self.told(name))

    async def stop(self) -> None:
        """As the engine does: cancel, and wait for the goodbye."""
        if self.task.done():
            return  # by itself; whoever waited for it saw why
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def driven(node: Callable[..., Any], **settings: Any) -> AsyncIterator[Driven]:
    """Run a device that wants a clock; `log` is given unless it is in the settings as None."""
    box: Latest[Watts | Release] = Latest()
    records: list[Battery] = []
    given = {"log": LOG, "clock": LiveClock(), **settings}
    handed = {name: value for name, value in given.items() if value is not None}

    async def run() -> None:
        device = node(box, **handed)
        try:
            async for record in device:
                records.append(record)
        finally:
            await device.aclose()

    one = Driven(box, records, asyncio.create_task(run()))
    try:
        yield one
    finally:
        await one.stop()
