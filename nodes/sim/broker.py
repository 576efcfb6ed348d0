"""An MQTT broker inside the simulated house, for loopback only."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

FAREWELL = 1.0  # s to end: from Python 3.12 on amqtt waits for guests that it does not send away


@asynccontextmanager
async def serve(host: str, port: int) -> AsyncIterator[None]:
    """Serve MQTT 3.1.1 without passwords."""
    from amqtt.broker import Broker  # type: ignore[import-untyped]
    from amqtt.contexts import BrokerConfig, ListenerConfig  # type: ignore[import-untyped]

    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    listeners = {"default": ListenerConfig(bind=f"{host}:{port}")}
    broker = Broker(BrokerConfig(listeners=listeners, plugins=plugins))
    await broker.start()
    try:
        yield
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await broker.shutdown()
