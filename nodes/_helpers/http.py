"""One HTTP session per host, and every failure of it as a sentence with a cure."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from flowctl import Secret, shared
from nodes._helpers.tls import trusted
from nodes._helpers.websocket import ASLEEP, Socket, opened, reason

LARGEST = 1 << 20  # bytes of one answer; no device of a house has more to say
FAREWELL = 0.1  # s for TLS that was given up amid an answer: aiohttp does not wait for its end
EXCERPT = 80  # characters of a refusal that are shown


class Http:
    """What is asked of one host; the session behind it is shared."""

    def __init__(self, session: Any, origin: str, name: str = "") -> None:
        self._session, self._origin = session, origin
        self._named = {"server_hostname": name} if name else {}
        self.shown = origin.replace(f"{urlsplit(origin).netloc.rpartition('@')[0]}@", "")
        """Its address without a login."""

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
        return await self._ask("GET", path, patience, headers, cures)

    async def post(
        self,
        path: str,
        json: Mapping[str, Any],
        *,
        patience: float = 5.0,
        headers: Mapping[str, Secret] | None = None,
        cures: Mapping[int, str] | None = None,
        method: str = "POST",
    ) -> str:
        """Send an object as JSON, and return the text of the answer.

        Raises:
            OSError: no connection, no answer in time, or a refusal; the message holds the cure.
            ValueError: an answer came that is too long to be one.
        """
        return await self._ask(method, path, patience, headers, cures, json=json)

    async def send(
        self,
        path: str,
        text: str,
        *,
        patience: float = 5.0,
        headers: Mapping[str, Secret] | None = None,
        cures: Mapping[int, str] | None = None,
    ) -> str:
        """Send a text, and return that of the answer.

        Raises:
            OSError: no connection, no answer in time, or a refusal; the message holds the cure.
            ValueError: an answer came that is too long to be one.
        """
        return await self._ask("POST", path, patience, headers, cures, data=text.encode())

    def socket(self, path: str, patience: float = 5.0) -> AbstractAsyncContextManager[Socket]:
        """Open a WebSocket; entering it raises `OSError` when that cannot be done."""
        return opened(self._session, self._origin + path, self.shown, patience, self._named)

    async def _ask(
        self,
        method: str,
        path: str,
        patience: float,
        headers: Mapping[str, Secret] | None,
        cures: Mapping[int, str] | None,
        **told: Any,
    ) -> str:
        from aiohttp import ClientError, ClientTimeout

        told["headers"] = {name: secret.reveal() for name, secret in (headers or {}).items()}
        told |= self._named | {"timeout": ClientTimeout(total=patience), "allow_redirects": False}
        try:
            async with self._session.request(method, self._origin + path, **told) as reply:
                body = (await _read(reply)).decode("utf-8", "replace")
                status, moved = reply.status, reply.headers.get("Location", "")
        except TimeoutError:
            raise TimeoutError(f"{self.shown} gave no answer in {patience:g}s") from None
        except ClientError as error:
            raise OSError(f"{self.shown} does not answer: {reason(error)}; {ASLEEP}") from None
        if status not in (200, 204):
            cure = f"it moved to {moved}" if moved else (cures or {}).get(status, "")
            place = self.shown + path.partition("?")[0]  # a query may hold a password
            raise OSError(f"{place} says {status} {_excerpt(body)}; {cure}".rstrip("; "))
        return body


@asynccontextmanager
async def http(
    address: str,
    *,
    ca: str | None = None,
    name: str = "",
    digest: tuple[str, Secret] | None = None,
) -> AsyncIterator[Http]:
    """Join the session to a host: `192.168.1.20`, `meter.local:8080` or `https://meter.local`.

    `ca` is for devices whose certificate bears no host name: the file of the authority that signed
    it, or an empty text to take any; `name` is what it bears instead. `digest` is a login by RFC
    7616.

    Raises:
        OSError: the file of the authority cannot be read.
        ValueError: there is a name, and no authority.
    """
    origin, key = origin_of(address), (ca, name, digest)
    async with shared(("http", origin, *key), lambda: _session(*key)) as session:
        yield Http(session, origin, name)


def origin_of(address: str) -> str:
    """Scheme, host and port of an address; plain HTTP where it names no scheme.

    Raises:
        ValueError: it is not an address of a host.
    """
    parts = urlsplit(address if "://" in address else f"http://{address}")
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in parts.netloc:
        raise ValueError(
            f"'{address.rpartition('@')[2]}' is not an address; write a host, e.g. 192.168.1.20"
        )
    return f"{parts.scheme}://{parts.netloc}"


def path_of(url: str) -> str:
    """Return what follows the host in an address."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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
async def _session(
    ca: str | None, name: str, digest: tuple[str, Secret] | None
) -> AsyncIterator[Any]:
    from aiohttp import ClientSession, DigestAuthMiddleware, TCPConnector

    ways = (DigestAuthMiddleware(digest[0], digest[1].reveal()),) if digest else ()
    trust = True if ca is None else trusted(ca, name)
    try:
        async with ClientSession(connector=TCPConnector(ssl=trust), middlewares=ways) as session:
            yield session
    finally:
        if ca is not None:
            await asyncio.sleep(FAREWELL)
