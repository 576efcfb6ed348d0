"""Sources and sinks driven by hand, each in a task as the engine would: what their tests share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

from flowctl import Latest, Log

LOG = Log("stream/step")


async def until(true: Callable[[], object], patience: float = 20.0) -> None:
    """Wait for what sockets bring about; nothing here signals it."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def ended(task: asyncio.Task[None]) -> None:
    """End a task as the engine does: cancel it, and wait for its goodbye."""
    if task.done():
        return  # by itself; whoever waited for it saw why
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class Heard:
    """What a source said so far."""

    def __init__(self, source: Any) -> None:
        self.values: list[Any] = []
        self.task = asyncio.create_task(self._run(source))

    async def _run(self, source: Any) -> None:
        async with aclosing(source) as values:
            async for value in values:
                self.values.append(value)

    async def until(self, *values: Any) -> None:
        """Wait until just these values were heard; a fault of the source is raised here."""
        await until(lambda: self.task.done() or len(self.values) >= len(values))
        if self.task.done():
            self.task.result()
        assert self.values == list(values)

    async def stop(self) -> None:
        await ended(self.task)


@asynccontextmanager
async def hearing(source: Any) -> AsyncIterator[Heard]:
    heard = Heard(source)
    try:
        yield heard
    finally:
        await heard.stop()


@asynccontextmanager
async def saying(sink: Callable[..., Any], **settings: Any) -> AsyncIterator[Latest[Any]]:
    """Run a sink; at the end its stream completes and the sink ends by itself."""
    box: Latest[Any] = Latest()
    task = asyncio.create_task(sink(box, log=LOG, **settings))
    try:
        yield box
    finally:
        box.close()
        await task
