"""Who offers what in the network, by mDNS."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncZeroconf

PATIENCE = 1000  # ms for what a service says of itself
CURE = "pip install zeroconf"


@dataclass(frozen=True, slots=True)
class Service:
    """One service that answered."""

    kind: str
    """Its type, e.g. `_hwenergy._tcp`."""
    name: str
    """Its instance, e.g. `p1meter-aabbcc`."""
    host: str
    port: int
    text: Mapping[str, str]

    @property
    def address(self) -> str:
        """Host and port; without the port of the web where it is that."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"


async def browse(*kinds: str, wait: float = 3.0, interface: str = "") -> list[Service]:
    """Return every service of some types that answers within `wait`.

    `interface` is the own address of the network to search; all, if not given.

    Raises:
        OSError: there is no such network, or the library for it is missing.
    """
    heard: dict[tuple[str, str], None] = {}

    def note(name: str, service_type: str, **_: Any) -> None:
        heard[(service_type, name)] = None

    async with _zeroconf(interface) as link:
        from zeroconf.asyncio import AsyncServiceBrowser

        types = [f"{kind}.local." for kind in kinds]
        browser = AsyncServiceBrowser(link.zeroconf, types, handlers=[note])
        try:
            await asyncio.sleep(wait)
        finally:
            await browser.async_cancel()
        found = await asyncio.gather(*(_service(link, kind, name) for kind, name in heard))
    return sorted((one for one in found if one), key=lambda one: (one.kind, one.name))


async def _service(link: "AsyncZeroconf", kind: str, name: str) -> Service | None:
    from zeroconf.asyncio import AsyncServiceInfo

    info = AsyncServiceInfo(kind, name)
    if not await info.async_request(link.zeroconf, PATIENCE):
        return None
    hosts = info.parsed_addresses()
    text = {key: value or "" for key, value in info.decoded_properties.items()}
    if not hosts or info.port is None:
        return None
    short = name.removesuffix(f".{kind}")
    return Service(kind.removesuffix(".local."), short, hosts[0], info.port, text)


@asynccontextmanager
async def _zeroconf(interface: str) -> AsyncIterator["AsyncZeroconf"]:
    try:
        from zeroconf import IPVersion
        from zeroconf.asyncio import AsyncZeroconf
    except ImportError:
        raise OSError(f"to search by mDNS, zeroconf is missing; {CURE}") from None
    where: Any = {"interfaces": [interface]} if interface else {}
    _check(interface)
    link = AsyncZeroconf(ip_version=IPVersion.V4Only, **where)
    try:
        yield link
    finally:
        await link.async_close()


def _check(interface: str) -> None:
    """Make sure that there is such a network: the library leaves a socket open where not."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tried:
            tried.bind((interface, 0))
    except OSError as error:
        cure = "give the address that this machine has in it"
        said = f"the network {interface} cannot be searched ({error.strerror}); {cure}"
        raise OSError(said) from None
