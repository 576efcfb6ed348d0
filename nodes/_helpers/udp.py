"""One UDP socket per local port, shared by all steps that use it; questions and their answers."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flowctl import shared
from nodes._helpers.inbox import Inbox
from nodes._helpers.refused import RefusedError

Address = tuple[str, int]
IDS = 1 << 16  # numbers of questions; firmware takes 16 bits
EVERYWHERE = "0.0.0.0"


class Datagram(NamedTuple):
    """What came, and from where."""

    data: bytes
    sender: Address


@dataclass
class _Pace:
    """One question at a time to one device, and a rest in between."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0


class Port(asyncio.DatagramProtocol):
    """A local port. Who listens hears everything; a question hears only its own answer."""

    def __init__(self) -> None:
        self.ignored = 0
        """How many answers came late, from elsewhere, or to no question of ours."""
        self._transport: asyncio.DatagramTransport | None = None
        self._listeners: list[Callable[[Datagram], None]] = [self._answered]
        self._open: dict[int, tuple[Address, asyncio.Future[Any]]] = {}
        self._paces: dict[Address, _Pace] = {}
        self._last = 0
        self._trouble = ""

    def connection_made(self, transport: Any) -> None:
        """Take the socket (asyncio gives it)."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Tell everybody (asyncio calls it)."""
        datagram = Datagram(data, (addr[0], addr[1]))
        for listener in tuple(self._listeners):
            listener(datagram)

    def error_received(self, exc: Exception) -> None:
        """Note why a datagram could not leave, for when its answer is missed (asyncio tells)."""
        self._trouble = f" ({exc})"

    @property
    def trouble(self) -> str:
        """Why the last datagram could not leave; empty if it did."""
        return self._trouble

    @property
    def number(self) -> int:
        """The local port."""
        assert self._transport
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, address: Address) -> None:
        """Send one datagram."""
        assert self._transport
        self._transport.sendto(data, address)

    async def hear(self) -> AsyncGenerator[Datagram, None]:
        """Yield each datagram that comes in."""
        inbox: Inbox[Datagram] = Inbox()

        def listen(datagram: Datagram) -> None:
            inbox.put(datagram.sender[0], datagram)

        self._listeners.append(listen)
        try:
            async for datagram in inbox:
                yield datagram
        finally:
            self._listeners.remove(listen)

    async def ask(
        self,
        peer: Address,
        method: str,
        params: Mapping[str, Any],
        *,
        patience: float,
        tries: int = 1,
        rest: float = 0.0,
        via: Address | None = None,
    ) -> Any:
        """Ask in JSON and return the result. Each try waits `patience`; all bear one number.

        One question at a time goes to a device, the next after `rest` seconds. `via` is another
        address to send to, such as the broadcast address; the answer must come from the peer.

        Raises:
            TimeoutError: no answer to any try.
            RefusedError: the answer is an error.
        """
        pace = self._paces.setdefault(peer, _Pace())
        async with pace.turn, self._question(peer) as (number, answer):
            text = json.dumps({"id": number, "method": method, "params": params})
            loop = asyncio.get_running_loop()
            self._trouble = ""
            for _ in range(tries):
                await asyncio.sleep(max(0.0, pace.free_at - loop.time()))
                self.send(text.encode(), via or peer)
                done, _ = await asyncio.wait({answer}, timeout=patience)
                pace.free_at = loop.time() + rest
                if done:
                    return _result(answer.result(), method)
        raise TimeoutError(f"{peer[0]}:{peer[1]} gave no answer to {method}{self._trouble}")

    @asynccontextmanager
    async def _question(self, peer: Address) -> AsyncIterator[tuple[int, "asyncio.Future[Any]"]]:
        number = self._number()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[number] = (peer, answer)
        try:
            yield number, answer
        finally:
            del self._open[number]

    def _number(self) -> int:
        """Count up, within 16 bits, past numbers still in use."""
        self._last = (self._last + 1) % IDS
        while self._last in self._open or not self._last:
            self._last = (self._last + 1) % IDS
        return self._last

    def _answered(self, datagram: Datagram) -> None:
        """Give an answer to its question: same number, same sender; all else is ignored."""
        if not self._last:
            return  # a port that only listens
        said = read_object(datagram.data)
        peer, answer = self._open.get(_id(said.get("id")), (None, None))
        if answer is None or peer != datagram.sender or answer.done() or "method" in said:
            self.ignored += 1
        else:
            answer.set_result(said)


def read_object(data: bytes) -> Mapping[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


async def find_address(host: str, port: int) -> Address:
    """Look up `host` or `host:port`.

    Raises:
        OSError: nobody has that name.
        ValueError: the port is not a number.
    """
    name, _, number = host.partition(":")
    if not name or (number and not (number.isdecimal() and 0 < int(number) < IDS)):
        raise ValueError(f"'{host}' is not an address; write a host, or host:port")
    loop, kind = asyncio.get_running_loop(), socket.SOCK_DGRAM
    try:
        found = await loop.getaddrinfo(name, None, family=socket.AF_INET, type=kind)
    except (socket.gaierror, UnicodeError):
        raise OSError(f"no host is called {name}; check the address") from None
    return str(found[0][4][0]), int(number or port)


@asynccontextmanager
async def udp(port: int = 0, host: str = EVERYWHERE) -> AsyncIterator[Port]:
    """Join the socket of a local port, or open it; 0 is any free one.

    Raises:
        OSError: somebody else has it.
    """
    async with shared(("udp", host, port), lambda: _open(port, host)) as link:
        yield link


@asynccontextmanager
async def _open(port: int, host: str) -> AsyncIterator[Port]:
    loop = asyncio.get_running_loop()
    try:
        transport, link = await loop.create_datagram_endpoint(
            Port, local_addr=(host, port), allow_broadcast=True
        )
    except OSError as error:
        raise OSError(
            f"cannot listen on UDP port {port}: {error.strerror}; is another program using it?"
        ) from None
    try:
        yield link
    finally:
        transport.close()
        await asyncio.sleep(0)  # the socket closes in the next turn; the port is free then


def _id(said: Any) -> int:
    """The number of an answer; some firmware sends it back as text."""
    if isinstance(said, str) and said.isdecimal() and len(said) < 6:
        return int(said)
    return said if isinstance(said, int) and not isinstance(said, bool) else -1


def _result(said: Mapping[str, Any], method: str) -> Any:
    error = said.get("error")
    if error is None:
        return said.get("result")
    told = error if isinstance(error, dict) else {"message": error}
    code = told.get("code")
    sentence = f"{method} is refused: {str(told.get('message'))[:80]} ({code})"
    raise RefusedError(sentence, code if isinstance(code, int) else None)
