"""Entities of Home Assistant as somebody else on the broker sees them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from flowctl import Store
from tests.nodes.mqtt import Peer, peer
from tests.nodes.streams import LOG, Heard, hearing, until


class Seen:
    """What is kept on the broker of one entity."""

    def __init__(self, other: Peer) -> None:
        self.other = other

    def last(self, topic: str) -> str | None:
        heard = [payload for where, payload in self.other.kept + self.other.said if where == topic]
        return heard[-1].decode() if heard else None

    async def shows(self, topic: str, payload: str) -> None:
        await until(lambda: self.last(topic) == payload)

    async def described(self, kind: str, name: str, prefix: str) -> dict[str, Any]:
        topic = f"{prefix}/{kind}/{name}/config"
        await until(lambda: self.last(topic) is not None)
        return json.loads(self.last(topic) or "")


@asynccontextmanager
async def seen(url: str, topic: str) -> AsyncIterator[Seen]:
    async with peer(url, f"{topic}/#", "flowctl/status") as other:
        yield Seen(other)


@asynccontextmanager
async def control(
    node: Any, url: str, topic: str, store: Store | None = None, **settings: Any
) -> AsyncIterator[tuple[Heard, Seen]]:
    """Run a source that is commanded from Home Assistant, on topics of the test's own."""
    more = {} if node.__name__ == "ha_button" else {"store": Store() if store is None else store}
    more |= {} if node.__name__ == "ha_button" else {"topic": f"{topic}/state"}
    source = node(
        broker=url,
        name="It",
        id="it",
        prefix=topic,
        **{"command": f"{topic}/set", "log": LOG} | more | settings,
    )
    async with seen(url, topic) as there, hearing(source) as heard:
        await there.described(node.__name__.removeprefix("ha_"), "it", topic)
        await asyncio.sleep(0.03)  # for its own subscription, which nothing signals
        yield heard, there
