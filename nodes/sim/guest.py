"""A simulated device on an MQTT broker: it comes back by itself, as real ones do."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from aiomqtt import Client

AGAIN = 0.5  # s between attempts
TO_JOIN = 2.0  # s for a login; a small broker may lose one when several come at once
TO_SAY = 0.5  # s; a message that goes out as the broker goes away is never confirmed
INSIST = 0.1  # s between two cancellations
Heard = Callable[[str, bytes], Awaitable[None] | None]


class Guest:
    """Publishes while the broker is there; what it cannot say then is lost."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self.online = asyncio.Event()
        """Set while it is connected and hears its topics."""

    async def say(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        """Publish, if the broker is there."""
        from aiomqtt import MqttError

        if self._client:
            with suppress(MqttError, OSError):
                await self._client.publish(topic, payload, retain=retain, timeout=TO_SAY)

    async def stay(self, url: str, topics: tuple[str, ...], heard: Heard) -> None:
        """Be on the broker for ever."""
        import aiomqtt

        parts = urlsplit(url)
        version = aiomqtt.ProtocolVersion.V311
        while True:
            client = aiomqtt.Client(
                parts.hostname or "", parts.port or 1883, protocol=version, timeout=TO_JOIN
            )
            with suppress(aiomqtt.MqttError, OSError):
                async with client:
                    await self._listen(client, topics, heard)
            self._client = None
            self.online.clear()
            await asyncio.sleep(AGAIN)

    async def _listen(self, client: "Client", topics: tuple[str, ...], heard: Heard) -> None:
        for topic in topics:
            await client.subscribe(topic)
        self._client = client
        self.online.set()
        try:
            async for message in client.messages:
                with suppress(ValueError):  # nonsense is passed over, as by firmware
                    told: Any = heard(message.topic.value, bytes(message.payload))
                    if told is not None:
                        await told
        finally:
            self._client = None


@asynccontextmanager
async def visiting(
    url: str, heard: Heard = lambda _topic, _payload: None, *topics: str
) -> AsyncIterator[Guest]:
    """Be on a broker and hear topics."""
    guest = Guest()
    async with going(guest.stay(url, topics, heard)):
        yield guest


@asynccontextmanager
async def going(*works: Awaitable[None]) -> AsyncIterator[None]:
    """Do works beside, until the block ends."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        pending = set(tasks)
        while (
            pending
        ):  # before Python 3.12 asyncio.wait_for, in aiomqtt, may swallow a cancellation
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=INSIST)
