"""The WebSocket of HomeWizard devices with API v2: measurements as they come; and the button.

Source: api-documentation.homewizard.com, API v2: WebSocket /api/ws, Authorization POST /api/user.
A dongle that fails tells on each connect what it kept: AstraMeter.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from flowctl import Seconds, Secret, Watts
from nodes._helpers.fields import pick, read_json
from nodes._helpers.homewizard_v2 import CURES, grid_power, headers
from nodes._helpers.http import Http
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.websocket import Socket

USER, SOCKET = "/api/user", "/api/ws"
TOPIC, UNPRESSED = "measurement", "user:creation-not-enabled"


async def pushed(
    link: Http, token: Secret, *, patience: Seconds, silence: Seconds, nonsense: Nonsense
) -> AsyncGenerator[Watts, None]:
    """Yield each power as the device tells it.

    The first one after a connect may be old: a failing dongle tells what it kept, each time anew.

    Raises:
        OSError: it does not answer, refuses the token, or is silent.
    """
    async with link.socket(SOCKET, patience) as socket:
        await _authorise(socket, token, patience)
        await socket.say({"type": "subscribe", "data": TOPIC})
        first = True
        while True:
            try:
                said = read_json(await socket.hear(silence))
                if pick(said, "type") != TOPIC:
                    continue
                watts = grid_power(pick(said, "data"))
            except ValueError as why:
                nonsense.heard(why)
                continue
            if first:
                first = False
                continue
            nonsense.over()
            yield watts


async def token_of(link: Http, name: str, *, every: Seconds = 1.0) -> AsyncGenerator[str, None]:
    """Ask for a token until its button was pressed: yields nothing each time, then the token.

    Raises:
        OSError: it does not answer, or has no button.
        ValueError: what it answers is not a token.
    """
    while True:
        try:
            said = await link.post(USER, {"name": f"local/{name}"}, headers=headers())
        except OSError as error:
            if UNPRESSED not in str(error):
                raise
            yield ""
            await asyncio.sleep(every)
            continue
        token = pick(read_json(said), "token")
        if not isinstance(token, str) or not token:
            raise ValueError("it gave a token that is not one")
        yield token
        return


async def _authorise(socket: Socket, token: Secret, patience: Seconds) -> None:
    try:
        async with asyncio.timeout(patience):
            while (kind := _kind(await socket.hear(patience))) != "authorized":
                if kind == "authorization_requested":
                    await socket.say({"type": "authorization", "data": token.reveal()})
                elif kind == "error":
                    raise OSError(f"{socket.shown} refuses: {CURES[401]}")
    except TimeoutError:
        raise TimeoutError(f"{socket.shown} let nobody in for {patience:g}s") from None
    except ValueError as why:
        raise OSError(f"{socket.shown}: {why}; is it a HomeWizard device with API v2?") from None


def _kind(said: str) -> Any:
    return pick(read_json(said), "type")
