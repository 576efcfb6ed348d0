"""The beat of a source: drift-free, and never twice to catch up."""

import asyncio
from collections.abc import AsyncIterator


async def ticks(every: float) -> AsyncIterator[float]:
    """Yield now and then once per `every` seconds; a late tick is not made up for."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        yield due
        late = loop.time() - due
        due += every * (1 + max(0.0, late) // every)
        await asyncio.sleep(max(0.0, due - loop.time()))
