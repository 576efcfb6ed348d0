"""A UDP port that hears a multicast group, shared by all steps that use it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from flowctl import shared
from nodes._helpers.udp import EVERYWHERE, Port


@asynccontextmanager
async def multicast(group: str, port: int, interface: str = "") -> AsyncIterator[Port]:
    """Join a group; others may be in it. What is sent to us alone is heard too.

    Raises:
        OSError: the port is not to be had, or there is no such interface.
    """
    key = ("multicast", group, port, interface)
    async with shared(key, lambda: _open(group, port, interface)) as link:
        yield link


@asynccontextmanager
async def _open(group: str, port: int, interface: str) -> AsyncIterator[Port]:
    link = _joined(group, port, interface)
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Port, sock=link)
    try:
        yield protocol
    finally:
        transport.close()
        await asyncio.sleep(0)  # the socket closes in the next turn


def _joined(group: str, port: int, interface: str) -> socket.socket:
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        link.setblocking(False)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.bind((EVERYWHERE, port))
        member = socket.inet_aton(group) + socket.inet_aton(interface or EVERYWHERE)
        link.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError as error:
        link.close()
        place = f"{group}:{port}" + (f" on {interface}" if interface else "")
        cure = "give this machine's own address in the meter's network as interface"
        raise OSError(f"cannot hear {place}: {error.strerror or error}; {cure}") from None
    return link
