"""A small Home Assistant on real sockets: its REST and WebSocket interface, states and services."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from flowctl import Secret

TOKEN = Secret("a-long-lived-token")


class House:
    """States of entities, and who hears of them."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.asked: list[str] = []
        self.sockets: dict[web.WebSocketResponse, dict[int, set[str]]] = {}
        self.lets_sockets_through = True
        self.refuses: set[str] = set()
        self.deaf, self.is_admin = False, True
        self.obey: Callable[[str, str, Any], None] = self._obeyed

    def put(self, entity: str, state: str | float, **attributes: Any) -> None:
        """Set a state; tell who listens if it is another one."""
        now, old = time.time(), self.states.get(entity)
        attributes = attributes or (old or {}).get("attributes", {})
        new = {"state": f"{state}", "attributes": attributes, "lc": now, "lr": now}
        if old and old["state"] == new["state"] and old["attributes"] == attributes:
            old["lr"] = now  # told again: no event
            return
        self.states[entity] = new
        come = {"s": new["state"], "lc": now, "a": attributes, "c": "context"}
        self._tell(entity, {"c": {entity: {"+": come}}} if old else {"a": {entity: come}})

    def remove(self, entity: str) -> None:
        del self.states[entity]
        self._tell(entity, {"r": [entity]})

    async def hang_up(self) -> None:
        for socket in list(self.sockets):
            await socket.close()

    def tell_all(self, message: Any) -> None:
        """Send something odd to all sockets."""
        for socket in self.sockets:
            self._send(socket, message)

    def _obeyed(self, service: str, entity: str, data: Any) -> None:
        self.put(entity, data.get("option", data.get("value")))

    def _call(self, service: str, entity: str, data: Any) -> str | None:
        self.calls.append((service, entity, data.get("option", data.get("value"))))
        if entity in self.refuses:
            return "it does not work"
        if entity in self.states:
            self.obey(service, entity, data)
        return None

    def _tell(self, entity: str, event: Any) -> None:
        for socket, followed in self.sockets.items():
            for number, entities in followed.items():
                if entity in entities:
                    self._send(socket, {"id": number, "type": "event", "event": event})

    @staticmethod
    def _send(socket: web.WebSocketResponse, message: Any) -> None:
        if not socket.closed:
            task = asyncio.ensure_future(socket.send_str(_text(message)))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def get_state(self, request: web.Request) -> web.Response:
        self._check(request)
        entity = request.match_info["entity"]
        self.asked.append(entity)
        found = self.states.get(entity)
        if found is None:
            return web.json_response({"message": "Entity not found."}, status=404)
        told = {"entity_id": entity, "state": found["state"], "attributes": found["attributes"]}
        return web.json_response({**told, "last_updated": _iso(found["lc"])})

    async def post_template(self, request: web.Request) -> web.Response:
        self._check(request)
        text = (await request.json())["template"]
        asked = re.fullmatch(r"{{ states\.(\S+)\.last_reported\.timestamp\(\) }}", text)
        if not self.is_admin or not asked:
            raise web.HTTPUnauthorized
        return web.Response(text=str(self.states[asked[1]]["lr"]))

    async def post_service(self, request: web.Request) -> web.Response:
        self._check(request)
        data = await request.json()
        service = "{domain}.{service}".format(**request.match_info)
        said = self._call(service, data.pop("entity_id"), data)
        return web.json_response({"message": said} if said else [], status=500 if said else 200)

    async def socket(self, request: web.Request) -> web.StreamResponse:
        if not self.lets_sockets_through:
            return web.Response(status=400, text="No WebSocket UPGRADE hdr: None")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "auth_required", "ha_version": "2025.4.4"})
        login = await socket.receive_json()
        if login != {"type": "auth", "access_token": TOKEN.reveal()}:
            await socket.send_json({"type": "auth_invalid", "message": "Invalid access token"})
            await socket.close()
            return socket
        await socket.send_json({"type": "auth_ok", "ha_version": "2025.4.4"})
        self.sockets[socket] = {}
        async for message in socket:
            if message.type is WSMsgType.TEXT and not self.deaf:
                await self._answer(socket, message.json())
        del self.sockets[socket]
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: Any) -> None:
        number, result = message["id"], {"id": message["id"], "type": "result", "success": True}
        if message["type"] == "subscribe_entities":
            entities = set(message["entity_ids"])
            self.sockets[socket][number] = entities
            await socket.send_json(result | {"result": None})
            there = {
                entity: {"s": told["state"], "a": told["attributes"], "lc": told["lc"], "c": "c"}
                for entity, told in self.states.items()
                if entity in entities
            }
            await socket.send_json({"id": number, "type": "event", "event": {"a": there}})
            return
        service = f"{message['domain']}.{message['service']}"
        said = self._call(service, message["target"]["entity_id"], message["service_data"])
        error = {"success": False, "error": {"code": "home_assistant_error", "message": said}}
        await socket.send_json(result | (error if said else {"result": {}}))

    @staticmethod
    def _check(request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN.reveal()}":
            raise web.HTTPUnauthorized


@asynccontextmanager
async def a_house(port: int = 0, house: House | None = None) -> AsyncIterator[tuple[House, str]]:
    """Run one; give it and its address."""
    house, app = house or House(), web.Application()
    app.router.add_get("/api/websocket", house.socket)
    app.router.add_get("/api/states/{entity}", house.get_state)
    app.router.add_post("/api/template", house.post_template)
    app.router.add_post("/api/services/{domain}/{service}", house.post_service)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield house, f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await house.hang_up()
        await runner.cleanup()


def _text(message: Any) -> str:
    return message if isinstance(message, str) else json.dumps(message)


def _iso(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).isoformat()
