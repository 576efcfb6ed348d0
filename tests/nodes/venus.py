"""A battery cell, and a device node driven by hand: what the tests of Modbus devices share."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from flowctl import Battery, Latest, Release, Store, Terms, Watts
from nodes.marstek_modbus import TERMS, marstek_modbus

FAST = {"gap": 0.001, "rest": 0.03, "settle": 0.05, "poll": 0.01, "patience": 3.0}
LOG = logging.getLogger("left/marstek_modbus")


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


async def until(true: Callable[[], object]) -> None:
    """Wait for what sockets bring about; nothing here signals it."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@dataclass
class Driven:
    """A running device node."""

    box: Latest[Watts | Release]
    records: list[Battery]
    store: Store
    task: asyncio.Task[None]

    def told(self, name: str) -> list[Any]:
        read = (getattr(record, name) for record in self.records)
        return [value for value in read if value is not None]

    async def until(self, true: Callable[[], bool]) -> None:
        await until(lambda: self._well() and true())

    def _well(self) -> bool:
        if self.task.done():
            self.task.result()
        return True

    async def hears(self, name: str, value: Any) -> None:
        await self.until(lambda: value in self.told(name))

    async def stop(self) -> None:
        """As the engine does: cancel, and wait for the goodbye."""
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def driven(
    port: int, *, store: Store | None = None, terms: Terms = TERMS, **settings: Any
) -> AsyncIterator[Driven]:
    box: Latest[Watts | Release] = Latest()
    records: list[Battery] = []
    kept = Store() if store is None else store

    async def run() -> None:
        given = {"host": "127.0.0.1", "port": port, **FAST, **settings}
        device = marstek_modbus(box, **given, store=kept, log=LOG, terms=terms)
        try:
            async for record in device:
                records.append(record)
        finally:
            await device.aclose()

    it = Driven(box, records, kept, asyncio.create_task(run()))
    try:
        yield it
    finally:
        if not it.task.done():
            await it.stop()
