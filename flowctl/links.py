"""Links shared by address: one connection for all steps that talk to the same peer."""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


@dataclass
class _Shared:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    link: Any = None
    context: AbstractAsyncContextManager[Any] | None = None


_open: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Shared]] = WeakKeyDictionary()


@asynccontextmanager
async def shared(
    key: Hashable, connect: Callable[[], AbstractAsyncContextManager[T]]
) -> AsyncIterator[T]:
    """Join the link of that key, or open it; the last user to leave closes it.

    `connect` is entered once for all who share the key. What it raises reaches each of them.
    """
    here = _open.setdefault(asyncio.get_running_loop(), {})
    entry = here.setdefault(key, _Shared())
    entry.users += 1
    try:
        async with entry.lock:
            if entry.context is None:
                context = connect()
                entry.link = await context.__aenter__()
                entry.context = context
        yield entry.link
    finally:
        entry.users -= 1
        if entry.users == 0:
            here.pop(key, None)
            left, entry.context = entry.context, None
            if left is not None:
                await left.__aexit__(None, None, None)
