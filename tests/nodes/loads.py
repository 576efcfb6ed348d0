"""A load device driven by hand: what the tests of the load nodes share."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pytest

from flowctl import RELEASE, Battery, Latest, Release, Store, Watts
from nodes._helpers import load_line
from tests.nodes.streams import until

LOG = logging.getLogger("ecs/load")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loads be looked at often."""
    monkeypatch.setattr(load_line, "BEAT", 0.02)


@dataclass
class Driven:
    """A running load device."""

    box: Latest[Watts | Release]
    records: list[Battery]
    task: asyncio.Task[None]

    def put(self, watts: float | None) -> None:
        self.box.put(RELEASE if watts is None else watts)

    @property
    def setpoints(self) -> list[float]:
        return [record.setpoint for record in self.records if record.setpoint is not None]

    async def accepts(self, watts: float) -> None:
        await until(lambda: self.task.done() or self.setpoints[-1:] == [watts])
        if self.task.done():
            self.task.result()

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@asynccontextmanager
async def driven(
    device: Callable[..., Any], broker: str, store: Store | None = None, **settings: Any
) -> AsyncIterator[Driven]:
    box: Latest[Watts | Release] = Latest()
    records: list[Battery] = []
    kept = Store() if store is None else store

    async def run() -> None:
        made = device(box, broker=broker, **settings, store=kept, log=LOG)
        try:
            async for record in made:
                records.append(record)
        finally:
            await made.aclose()

    it = Driven(box, records, asyncio.create_task(run()))
    try:
        yield it
    finally:
        await it.stop()
