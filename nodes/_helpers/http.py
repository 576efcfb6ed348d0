"""One HTTP session per host, and every failure of it as a sentence with a cure."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from flowctl import Secret, shared

LARGEST = 1 << 20  # bytes of one answer; no device of a house has more to say
EXCERPT = 80  # characters of a refusal that are shown
ASLEEP = "is it switched on, in this network, and its address right?"


class Http:
    """What is asked of one host; the session behind it is shared."""

    def __init__(self, session: Any, origin: str) -> None:
        self._session, self._origin = session, origin
        self._shown = origin.replace(f"{urlsplit(origin).netloc.rpartition('@')[0]}@", "")

    async def get(
        self,
        path: str,
        *,
        patience: float = 5.0,
        headers: Mapping[str, Secret] | None = None,
        cures: Mapping[int, str] | None = None,
    ) -> str:
        """Fetch a text; `cures` says by HTTP status what a user can do about a refusal.

        Raises:
            OSError: no connection, no answer in time, or a refusal; the message holds the cure.
            ValueError: an answer came that is too long to be one.
        """
        from aiohttp import ClientError, ClientTimeout

        told = {name: secret.reveal() for name, secret in (headers or {}).items()}
        limit = ClientTimeout(total=patience)
        try:
            async with self._session.get(
                self._origin + path, headers=told, timeout=limit, allow_redirects=False
            ) as reply:
                body = (await _read(reply)).decode("utf-8", "replace")
                status, moved = reply.status, reply.headers.get("Location", "")
        except TimeoutError:
            raise TimeoutError(f"{self._shown} gave no answer in {patience:g}s") from None
        except ClientError as error:
            raise OSError(f"{self._shown} does not answer: {_reason(error)}; {ASLEEP}") from None
        if status != 200:
            cure = f"it moved to {moved}" if moved else (cures or {}).get(status, "")
            place = self._shown + path.partition("?")[0]  # a query may hold a password
            raise OSError(f"{place} says {status} {_excerpt(body)}; {cure}".rstrip("; "))
        return body


@asynccontextmanager
async def http(address: str) -> AsyncIterator[Http]:
    """Join the session to a host: `192.168.1.20`, `meter.local:8080` or `https://meter.local`."""
    origin = origin_of(address)
    async with shared(("http", origin), _session) as session:
        yield Http(session, origin)


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; plain HTTP where it names no scheme.

    Raises:
        ValueError: it is no address of a host.
    """
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in parts.netloc:
        raise ValueError(f"'{address}' is no address; write a host, e.g. 192.168.1.20")
    return f"{parts.scheme}://{parts.netloc}"


def path_of(url: str) -> str:
    """Return what follows the host in an address."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _reason(error: Exception) -> str:
    """Say what the system said; the library repeats the address and adds what helps nobody."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    inner = getattr(error, "os_error", None)
    return getattr(inner, "strerror", None) or str(error) or type(error).__name__


def _excerpt(body: str) -> str:
    return " ".join(body.split())[:EXCERPT]


async def _read(reply: Any) -> bytes:
    body = b""
    while chunk := await reply.content.read(LARGEST):
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"an answer longer than {LARGEST} bytes")
    return body


@asynccontextmanager
async def _session() -> AsyncIterator[Any]:
    from aiohttp import ClientSession

    async with ClientSession() as session:
        yield session
