"""The WebSocket interface of Home Assistant: one conversation, from login to loss."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from flowctl import Secret
from nodes._helpers.fields import read_json
from nodes._helpers.ha_rest import PATIENCE, TOKEN, silence
from nodes._helpers.refused import RefusedError

HEARTBEAT = 15.0  # s between signs of life
Event = Callable[[Any], None]


class NoSocketError(Exception):
    """There is no WebSocket here: something on the way does not let it through."""


class Socket:
    """Asks, and hears the events of what was subscribed to."""

    def __init__(self, socket: Any, base: str) -> None:
        self._socket, self._base = socket, base
        self._number = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: dict[int, Event] = {}
        self.lost: OSError | None = None
        self.on_lost: Callable[[OSError], None] = lambda _: None

    async def ask(self, kind: str, event: Event | None = None, **more: Any) -> Any:
        """Send a command and return its result; `event` hears what follows from it.

        Raises:
            OSError: no answer, or a refusal.
        """
        if self.lost:
            raise self.lost
        self._number += 1
        number, answer = self._number, asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        if event:
            self._events[number] = event
        try:
            async with asyncio.timeout(PATIENCE):
                await self._socket.send_json({"id": number, "type": kind, **more})
                return await answer
        except TimeoutError:
            raise TimeoutError(
                f"Home Assistant at {self._base} gave no answer to {kind} in {PATIENCE:g}s"
            ) from None
        except ConnectionError as error:
            raise OSError(silence(self._base, error)) from None
        finally:
            self._answers.pop(number, None)

    async def listen(self) -> None:
        """Hear until the connection is lost; then tell all who wait."""
        async for message in self._socket:
            if not isinstance(message.data, str):
                break  # no text but a failure: no sign of life, or a message that is too long
            with suppress(ValueError):
                self._take(read_json(message.data))
        self.lost = OSError(f"Home Assistant at {self._base} hung up; is it starting again?")
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(self.lost)
        self.on_lost(self.lost)

    async def close(self) -> None:
        """Say goodbye."""
        await self._socket.close()

    def _take(self, said: Any) -> None:
        if not isinstance(said, Mapping):
            return
        number, kind = said.get("id"), said.get("type")
        if kind == "event" and number in self._events:
            self._events[number](said.get("event"))
        answer = self._answers.get(number) if isinstance(number, int) else None
        if kind == "result" and answer and not answer.done():
            if said.get("success") is True:
                answer.set_result(said.get("result"))
            else:
                answer.set_exception(RefusedError(_complaint(said.get("error"))))


async def log_in(session: Any, base: str, token: Secret) -> Socket:
    """Open a conversation.

    Raises:
        OSError: no answer, or the token is refused.
        NoSocketError: there is a web server, and no WebSocket.
    """
    from aiohttp import ClientError, WSServerHandshakeError

    try:
        async with asyncio.timeout(PATIENCE):
            socket = await session.ws_connect(f"{base}/api/websocket", heartbeat=HEARTBEAT)
            await socket.receive_json()  # auth_required
            await socket.send_json({"type": "auth", "access_token": token.reveal()})
            said = await socket.receive_json()
    except WSServerHandshakeError as error:
        raise NoSocketError(f"{error.status} {error.message}") from None
    except TimeoutError:
        raise TimeoutError(f"Home Assistant at {base} gave no answer in {PATIENCE:g}s") from None
    except (ClientError, TypeError, ValueError) as error:  # closed, or no JSON
        raise OSError(silence(base, error)) from None
    if not isinstance(said, Mapping) or said.get("type") != "auth_ok":
        await socket.close()
        raise RefusedError(f"Home Assistant at {base} refuses the token; {TOKEN}")
    return Socket(socket, base)


def _complaint(error: Any) -> str:
    told = error if isinstance(error, Mapping) else {}
    return f"Home Assistant refuses: {told.get('message') or told.get('code') or 'no reason'}"
