"""A WebSocket to a device: what it says, and every failure of it as a sentence with a cure."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

LARGEST = 1 << 20  # bytes of one message; no device of a house has more to say
ASLEEP = "is it switched on, in this network, and its address right?"


class Socket:
    """Says JSON and hears texts."""

    def __init__(self, socket: Any, shown: str) -> None:
        self._socket, self.shown = socket, shown

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send an object as JSON.

        Raises:
            OSError: the connection is lost.
        """
        try:
            await self._socket.send_json(message)
        except ConnectionError:
            raise OSError(f"{self.shown} hung up") from None

    async def hear(self, patience: float) -> str:
        """Return the next message.

        Raises:
            OSError: the connection is lost.
            TimeoutError: nothing came for so long.
            ValueError: something came that is not text.
        """
        from aiohttp import WSMsgType

        try:
            async with asyncio.timeout(patience):
                message = await self._socket.receive()
        except TimeoutError:
            raise TimeoutError(f"{self.shown} said nothing for {patience:g}s") from None
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        if message.type is WSMsgType.BINARY:
            raise ValueError(f"{len(message.data)} bytes that are not text")
        raise ConnectionError(f"{self.shown} hung up")


@asynccontextmanager
async def opened(
    session: Any, url: str, shown: str, patience: float, named: Mapping[str, str]
) -> AsyncIterator[Socket]:
    """Open one.

    Raises:
        OSError: nobody answers, or there is no WebSocket.
    """
    from aiohttp import ClientError, WSServerHandshakeError

    try:
        async with asyncio.timeout(patience):
            socket = await session.ws_connect(url, max_msg_size=LARGEST, **named)
    except TimeoutError:
        raise TimeoutError(f"{shown} gave no answer in {patience:g}s") from None
    except WSServerHandshakeError as error:
        raise OSError(f"{shown} says {error.status} and does not open a WebSocket") from None
    except ClientError as error:
        raise OSError(f"{shown} does not answer: {reason(error)}; {ASLEEP}") from None
    try:
        yield Socket(socket, shown)
    finally:
        await socket.close()


def reason(error: Exception) -> str:
    """Say what the system said; the library repeats the address and adds what helps nobody."""
    untrusted = getattr(error, "certificate_error", None)
    if untrusted:
        return f"its certificate is not accepted: {getattr(untrusted, 'verify_message', untrusted)}"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    inner = getattr(error, "os_error", None)
    return getattr(inner, "strerror", None) or str(error) or type(error).__name__
