"""A load device driven by hand: what the tests of the load nodes share."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from flowctl import Log, Store
from nodes._helpers import load_line
from tests.nodes.driven import Driven
from tests.nodes.driven import driven as drive
from tests.nodes.mqtt import Peer

LOG = Log("ecs/load")


@asynccontextmanager
async def driven(
    device: Callable[..., Any], broker: str, store: Store | None = None, **settings: Any
) -> AsyncIterator[Driven]:
    """Run a load device."""
    kept = Store() if store is None else store
    async with drive(device, broker=broker, store=kept, log=LOG, **settings) as load:
        yield load


async def says(other: Peer, topic: str, payload: str, load: Driven, watts: float) -> None:
    """Let a load answer until it counts: what comes before somebody listens does not.

    Nor does what comes just after a command, which may be the answer to the one before.
    """
    async with asyncio.timeout(20):
        while load.told("setpoint")[-1:] != [watts]:
            await other.publish(topic, payload)
            await asyncio.sleep(load_line.BEAT)
