"""Services that announce themselves by mDNS on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

HOME = "127.0.0.1"
P1 = {
    "api_enabled": "1",
    "path": "/api/v1",
    "serial": "3c39e7aabbcc",
    "product_name": "P1 meter",
    "product_type": "HWE-P1",
}


def fresh_kind() -> str:
    """A kind of service that no other test uses."""
    return f"_t{uuid4().hex[:10]}._tcp"


@asynccontextmanager
async def announced(*services: tuple[str, int, Mapping[str, str]]) -> AsyncIterator[None]:
    """Announce services: their kind, port and text; the text may hold a `name`."""
    infos = [_info(kind, port, dict(text)) for kind, port, text in services]
    link = AsyncZeroconf(interfaces=[HOME], ip_version=IPVersion.V4Only)
    await asyncio.gather(*map(link.async_register_service, infos))
    try:
        yield
    finally:
        await asyncio.gather(*map(link.async_unregister_service, infos))
        await link.async_close()


def _info(kind: str, port: int, text: dict[str, str]) -> AsyncServiceInfo:
    name = text.pop("name", f"it-{uuid4().hex[:8]}")
    return AsyncServiceInfo(
        f"{kind}.local.",
        f"{name}.{kind}.local.",
        addresses=[socket.inet_aton(HOME)],
        port=port,
        properties=text,
        server=f"{name}.local.",
    )
