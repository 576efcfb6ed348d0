"""A HomeWizard device with API v2: TLS under its own name, a token, a button, a WebSocket."""

import asyncio
import json
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from flowctl import Secret
from tests.nodes.streams import until
from tests.nodes.web import website

FIXTURES = Path(__file__).parent.parent / "fixtures" / "homewizard"
TOKEN = Secret("0123456789ABCDEF0123456789ABCDEF")
NAME = "appliance/p1dongle/5c2fafaabbcc"


def fixture(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"v2_{name}.json").read_text())


class Device:
    """One device: what it says at each address, what it was told, and who listens to it."""

    def __init__(self, **pages: Any) -> None:
        self.pages = {f"/api/{name}".removesuffix("/"): page for name, page in pages.items()}
        self.told: list[Any] = []
        self.asked: list[web.Request] = []
        self.pressed = False
        self.kept = True
        """Whether it says its newest measurement to whoever subscribes."""
        self.listeners: list[web.WebSocketResponse] = []
        self.logins: list[Any] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if request.path == "/api/ws":
            return await self._talk(request)
        if request.path == "/api/user":
            return self._user(await request.json())
        if request.headers.get("Authorization") != f"Bearer {TOKEN.reveal()}":
            return web.json_response({"error": "user:unauthorized"}, status=401)
        if request.path not in self.pages:
            return web.json_response({"error": "request:not-found"}, status=404)
        if request.method == "PUT":
            said = await request.json()
            self.told.append(said)
            self.pages[request.path].update(said)
        page = self.pages[request.path]
        return web.Response(text=page if isinstance(page, str) else json.dumps(page))

    async def push(self, *said: Any) -> None:
        """Say something to all who listen: an object as a measurement, a text as it is."""
        await until(lambda: self.listeners)
        for one in said:
            text = one if isinstance(one, str | bytes) else message("measurement", one)
            for socket in self.listeners:
                await (socket.send_bytes if isinstance(text, bytes) else socket.send_str)(text)

    async def hang_up(self) -> None:
        """Lose all who listen."""
        while self.listeners:
            await self.listeners.pop().close()

    def _user(self, said: dict[str, Any]) -> web.Response:
        if not self.pressed:
            return web.json_response({"error": "user:creation-not-enabled"}, status=403)
        return web.json_response({"token": TOKEN.reveal(), "name": said["name"]})

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(message("authorization_requested", {"api_version": "2.0.0"}))
        async for heard in socket:
            if heard.type is WSMsgType.TEXT:
                await self._hear(socket, json.loads(heard.data))
        if socket in self.listeners:
            self.listeners.remove(socket)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        if said["type"] == "authorization":
            self.logins.append(said["data"])
            good = said["data"] == TOKEN.reveal()
            wrong = message("error", {"message": "user:unauthorized"})
            await socket.send_str(message("authorized") if good else wrong)
        elif said["type"] == "subscribe":
            self.listeners.append(socket)
            if self.kept and "/api/measurement" in self.pages:
                await socket.send_str(message("measurement", self.pages["/api/measurement"]))


def message(kind: str, data: Any = None) -> str:
    return json.dumps({"type": kind} | ({} if data is None else {"data": data}))


@asynccontextmanager
async def serve(device: Device, papers: Path) -> AsyncIterator[str]:
    """Give the `127.0.0.1:port` of a device, whose certificate bears its name and nothing else."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(papers / "device.crt", papers / "device.key")
    async with website(device.answer, tls=context) as host:
        yield host
        await device.hang_up()
        await asyncio.sleep(0)


def papers(folder: Path, name: str = NAME, authority: Path | None = None) -> Path:
    """Make an authority as HomeWizard's is, of X.509 version 1, and the certificate of a device."""
    run = [shutil.which("openssl") or "openssl"]
    sign = [*run, "x509", "-req", "-days", "2"]
    home = authority or folder
    if not authority:
        _ask(folder, "ca", "Appliance Access CA")
        _openssl(folder, [*sign, "-in", "ca.csr", "-signkey", "ca.key", "-out", "ca.crt"])
    _ask(folder, "device", name)
    by = ["-CA", str(home / "ca.crt"), "-CAkey", str(home / "ca.key"), "-CAcreateserial"]
    _openssl(folder, [*sign, "-in", "device.csr", *by, "-out", "device.crt"])
    return folder


def _ask(folder: Path, who: str, name: str) -> None:
    subject = "/CN=" + name.replace("/", "\\/")
    ask = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", subject]
    run = [shutil.which("openssl") or "openssl"]
    _openssl(folder, [*run, *ask, "-keyout", f"{who}.key", "-out", f"{who}.csr"])


def _openssl(folder: Path, command: list[str]) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
