"""Addresses as settings: what can be none is a fault when the flow is checked."""

import asyncio
import socket
from collections.abc import Callable
from typing import Annotated, Any, Self

from flowctl import Check, Secret, UsualPort

PORTS = range(1, 65536)
ODD = frozenset("/\\@?#,;|<>\"'{}")  # in no name of a host
HEX = frozenset("0123456789abcdefABCDEF")


def check_host(text: str) -> None:
    """Make sure that a text can be a host: a name, an address, either with `:port`.

    Raises:
        ValueError: it can be none.
    """
    if "://" in text:
        raise ValueError(f"'{text}' is not a host; leave out '{text.partition('://')[0]}://'")
    name, port = _apart(text)
    if port is not None and not (port.isdecimal() and int(port) in PORTS):
        raise ValueError(f"'{text}': '{port}' is not a port; ports are numbers from 1 to 65535")
    if not name or any(sign in ODD or sign.isspace() for sign in name):
        raise ValueError(f"'{text}' is not a host; write e.g. 192.168.1.20, or meter.local:8080")
    _check_numbers(name, text)


def check_bare(text: str) -> None:
    """Make sure that a text can be a host, and names no port.

    Raises:
        ValueError: it can be none.
    """
    check_host(text)
    if port := _apart(text)[1]:
        raise ValueError(f"'{text}': leave out ':{port}'; a port is a setting of its own here")


def check_site(text: str) -> None:
    """Make sure that a text can be a web server: a host, or its address with `http://` before it.

    Raises:
        ValueError: it can be none.
    """
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() not in ("http", "https"):
        cure = "write http:// or https://, or the host alone"
        raise ValueError(f"what begins with '{scheme}://' is not a web server; {cure}")
    host = rest if mark else text
    for end in "/?#":
        host = host.partition(end)[0]
    check_host(host.rpartition("@")[2])


class Page(Secret):
    """An address on the web as a setting: printed without its login, and without what it asks."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown, asks, _ = self.reveal().partition("?")
        scheme, mark, rest = shown.rpartition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}{asks and '?***'}"

    @classmethod
    def read(cls, value: Any) -> Self:
        """Take an address, or the file that holds one."""
        page = super().read(value)
        check_site(page.reveal())
        return page

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": "address on the web, e.g. http://host/path"}


async def number_of(host: str) -> str:
    """Look up the address behind a name; the name itself where nobody knows it."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, family=socket.AF_INET)
    except (OSError, UnicodeError):
        return host.lower()
    return str(found[0][4][0])


def or_empty(rule: Callable[[str], object]) -> Callable[[str], object]:
    """Let a rule pass an empty text, which says that there is none."""
    return lambda text: text and rule(text)


def check_mac(text: str) -> None:
    """Make sure that a text is a MAC address.

    Raises:
        ValueError: it is none.
    """
    digits = text.replace(":", "").replace("-", "")
    if len(digits) != 12 or not HEX.issuperset(digits):
        raise ValueError(f"'{text}' is not a MAC; it is 12 digits, 0 to 9 and a to f")


def _apart(text: str) -> tuple[str, str | None]:
    """Take the port off; a bare IPv6 address has none."""
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        return name, rest.removeprefix(":") if rest else None
    name, colon, port = text.partition(":")
    return (text, None) if not colon or ":" in port else (name, port)


def _check_numbers(name: str, text: str) -> None:
    fits = True
    if ":" in name:
        fits = _is_v6(name)
    elif name.replace(".", "").isdecimal():
        parts = name.split(".")
        fits = len(parts) == 4 and all(part and int(part) < 256 for part in parts)
    if not fits:
        cure = "four numbers up to 255, e.g. 192.168.1.20"
        raise ValueError(f"'{text}' is not an address; {cure}")


def _is_v6(name: str) -> bool:
    from ipaddress import AddressValueError, IPv6Address  # rare, and it takes its time

    try:
        IPv6Address(name)
    except AddressValueError:
        return False
    return True


Host = Annotated[str, Check(check_host)]
MaybeHost = Annotated[str, Check(or_empty(check_host))]
Bare = Annotated[str, Check(check_bare)]
MaybeBare = Annotated[str, Check(or_empty(check_bare))]
Site = Annotated[str, Check(check_site), UsualPort(80)]
MaybeSite = Annotated[str, Check(or_empty(check_site)), UsualPort(80)]
Mac = Annotated[str, Check(check_mac)]
