"""Several asynchronous streams as one: what a device does whose peer speaks without being asked."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from typing import Any

END = object()


async def either(*streams: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """Yield what any of them says, as it comes; it ends when the first of them does.

    A value is taken from a stream only when the one before was dealt with. At the end all are
    closed. Whoever uses it closes it in turn (`aclosing`).
    """
    waits = {_next(stream): stream for stream in streams}
    try:
        while True:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in waits if task in done]:
                stream, value = waits.pop(task), task.result()
                if value is not END:
                    yield value
                    waits[_next(stream)] = stream
                elif stream is streams[0]:
                    return
    finally:
        await _close(waits, streams)


async def at_once() -> AsyncGenerator[None, None]:
    """One `None`; as the last of `either` it comes when all the others are being listened to."""
    yield None


def _next(stream: AsyncIterator[Any]) -> "asyncio.Future[Any]":
    return asyncio.ensure_future(anext(stream, END))


async def _close(
    waits: Collection["asyncio.Future[Any]"], streams: Collection[AsyncIterator[Any]]
) -> None:
    for task in waits:
        task.cancel()
    if waits:
        await asyncio.wait(waits)
    for stream in streams:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()
