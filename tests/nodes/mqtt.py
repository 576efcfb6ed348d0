"""The other side of an MQTT broker: an independent client that publishes and listens."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt

from tests.nodes.streams import until


class Peer:
    """Somebody else on the broker; `said` is what they heard."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self.said: list[tuple[str, bytes]] = []
        self.kept: list[tuple[str, bytes]] = []
        self.task = asyncio.create_task(self._listen())

    async def publish(self, topic: str, payload: bytes | str | None, **how: object) -> None:
        await self._client.publish(topic, payload, **how)  # type: ignore[arg-type]

    async def listen(self, pattern: str) -> None:
        await self._client.subscribe(pattern, qos=1)

    async def hears(self, *payloads: bytes) -> None:
        await until(lambda: len(self.said) >= len(payloads))
        assert [payload for _, payload in self.said] == list(payloads)

    async def _listen(self) -> None:
        async for message in self._client.messages:
            heard = (message.topic.value, message.payload)
            (self.kept if message.retain else self.said).append(heard)


@asynccontextmanager
async def peer(url: str, *patterns: str) -> AsyncIterator[Peer]:
    parts = urlsplit(url)
    client = aiomqtt.Client(
        parts.hostname or "", parts.port or 1883, username=parts.username, password=parts.password
    )
    async with client:
        other = Peer(client)
        for pattern in patterns:
            await other.listen(pattern)
        try:
            yield other
        finally:
            other.task.cancel()
            with suppress(asyncio.CancelledError, aiomqtt.MqttError):
                await other.task


def certificates(folder: Path) -> None:
    """Make an authority (`ca.crt`) and a certificate of 127.0.0.1 (`server.crt`, `server.key`)."""
    run = [shutil.which("openssl") or "openssl"]
    ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test-ca"]
    _openssl(folder, [*run, *ca, "-keyout", "ca.key", "-out", "ca.crt"])
    ask = ["req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1"]
    _openssl(folder, [*run, *ask, "-keyout", "server.key", "-out", "server.csr"])
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1")
    sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2"]
    serial = ["-CAcreateserial", "-extfile", "san", "-out", "server.crt"]
    _openssl(folder, [*run, *sign, *serial])


def _openssl(folder: Path, command: list[str]) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
