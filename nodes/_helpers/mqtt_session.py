"""One life of an MQTT connection, from login to loss: aiomqtt keeps it, the fast lane carries."""

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING, Any, Protocol

from nodes._helpers.mqtt_address import Address
from nodes._helpers.mqtt_lane import Lane
from nodes._helpers.tls import signed_by

if TYPE_CHECKING:
    from aiomqtt import Client

WINDOW = 100  # messages of QoS 1 and 2 that may wait for their acknowledgement
KEEPALIVE = 15  # s between signs of life; a silent broker is noticed within two
PATIENCE = 10.0  # s for the login
TO_CONNECT = 3.0  # s for the connection itself, which a thread of paho's waits for
ONLINE, OFFLINE = b"online", b"offline"
NODELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
LOGIN = (4, 5, 134, 135)  # return codes of MQTT 3.1.1 and 5: bad login, not authorised


class Ears(Protocol):
    """Who is told what the session hears."""

    def heard(self, topic: str, payload: bytes, kept: bool) -> None:
        """Take a message."""

    def room(self) -> None:
        """Hear that the window has room again."""

    def refused(self, pattern: str) -> None:
        """Hear that the broker refused a subscription."""


class Session:
    """Publishes and subscribes while the connection lives; never waits."""

    def __init__(self, client: "Client", address: Address, ears: Ears) -> None:
        self._client, self._address, self._ears = client, address, ears
        self._asked: dict[int, list[str]] = {}
        self._unacknowledged: set[int] = set()
        paho = self._paho = client._client
        paho.disable_logger()
        paho.on_message = self._on_message
        paho.on_publish = paho.on_unsubscribe = None
        paho.on_subscribe = self._on_subscribe
        self._lane = Lane(paho, ears.heard, ears.room, properties=address.version == "5")
        self.greet()

    @property
    def has_room(self) -> bool:
        """Whether a message would go out now, rather than queue."""
        return not self._lane.jammed and len(self._unacknowledged) < WINDOW

    @property
    def is_quiet(self) -> bool:
        """Whether all that was said at QoS 1 and 2 is acknowledged."""
        return not self._unacknowledged

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> None:
        """Send a message; what a lost connection swallows is not repeated here."""
        if not qos:
            self._lane.publish(topic, payload, retain=retain)
            return
        self._paho.on_publish = self._on_publish
        self._unacknowledged.add(self._paho.publish(topic, payload, qos, retain).mid)

    def subscribe(self, patterns: list[str]) -> None:
        """Ask for topics; QoS 1, so that each comes as its publisher meant it."""
        if patterns:
            _, mid = self._paho.subscribe([(pattern, 1) for pattern in patterns])
            if mid is not None:
                self._asked[mid] = patterns

    def unsubscribe(self, patterns: list[str]) -> None:
        """Ask for topics no longer."""
        if patterns:
            self._paho.unsubscribe(patterns)

    def greet(self) -> None:
        """Say on the status topic that we are there."""
        self._tell(ONLINE)

    async def lost(self) -> None:
        """Wait until the connection is no more."""
        from aiomqtt import MqttError

        try:
            async for _ in self._client.messages:
                pass
        except MqttError:
            await self._client.__aexit__(None, None, None)

    async def close(self) -> None:
        """Say goodbye: an orderly leave sends no will, so it is said before."""
        from aiomqtt import MqttError

        self._tell(OFFLINE)
        try:
            await self._client.__aexit__(None, None, None)
        except MqttError:
            return
        await self.lost()

    def _tell(self, status: bytes) -> None:
        if self._address.status:
            self._lane.publish(self._address.status, status, retain=True)

    def _on_message(self, _paho: Any, _data: Any, message: Any) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return
        self._ears.heard(topic, message.payload, bool(message.retain))

    def _on_publish(self, _paho: Any, _data: Any, mid: int, *_more: Any) -> None:
        if mid in self._unacknowledged:
            self._unacknowledged.discard(mid)
            self._ears.room()

    def _on_subscribe(self, _p: Any, _d: Any, mid: int, codes: Any, *_more: Any) -> None:
        for pattern, code in zip(self._asked.pop(mid, []), codes, strict=False):
            if code.is_failure:
                self._ears.refused(pattern)


class _Tidy(ssl.SSLSocket):
    """Closes itself when the other side is not trusted; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


async def open_session(address: Address, ears: Ears) -> Session:
    """Log in.

    Raises:
        OSError: it cannot be done; the message says what to do about it.
    """
    from aiomqtt import MqttError

    client = _client(address)
    joining = asyncio.ensure_future(client.__aenter__())
    try:
        await asyncio.shield(joining)
    except MqttError as error:
        client._client._sock_close()  # a login without an answer is still open
        raise OSError(_complaint(address, error)) from None
    except asyncio.CancelledError:
        await _left(client, joining)
        raise
    return Session(client, address, ears)


async def _left(client: "Client", joining: "asyncio.Future[Client]") -> None:
    """Leave while joining: the thread that connects cannot be stopped, so wait for it first."""
    await asyncio.wait({joining}, timeout=TO_CONNECT)
    joining.cancel()
    await asyncio.wait({joining})
    client._client._sock_close()


def _client(address: Address) -> "Client":
    import aiomqtt

    versions = {"3.1.1": aiomqtt.ProtocolVersion.V311, "5": aiomqtt.ProtocolVersion.V5}
    last = address.will or ((address.status, OFFLINE) if address.status else None)
    will = aiomqtt.Will(*last, qos=1, retain=True) if last else None
    client = aiomqtt.Client(
        address.host,
        address.port,
        username=address.user or None,
        password=address.password.reveal() if address.password else None,
        protocol=versions[address.version],
        tls_context=_tls(address) if address.tls else None,
        will=will,
        keepalive=KEEPALIVE,
        timeout=PATIENCE,
        max_inflight_messages=WINDOW,
        socket_options=[NODELAY],
    )
    client._client.connect_timeout = TO_CONNECT
    return client


def _tls(address: Address) -> ssl.SSLContext:
    context = signed_by(address.ca) if address.ca else ssl.create_default_context()
    context.sslsocket_class = _Tidy
    return context


def _complaint(address: Address, error: Exception) -> str:
    """Say what failed, and what to do; aiomqtt leaves the cause in the context."""
    cause, code = error.__context__, getattr(error, "rc", None)
    if getattr(code, "value", code) in LOGIN:
        return f"MQTT broker {address} refused the login; check user and password"
    if isinstance(cause, socket.gaierror):
        return f"no host is called {address.host}; check the address of the MQTT broker"
    if isinstance(cause, ConnectionRefusedError):
        return f"nothing listens on {address}; is the MQTT broker running, and the port right?"
    if isinstance(cause, ssl.SSLError):
        cure = "give the file of its authority as `ca`, and check that the port speaks TLS"
        return f"no trusted connection to MQTT broker {address}: {cause.reason or cause}; {cure}"
    other = "mqtt" if address.tls else "mqtts"
    cure = f"is it switched on and in this network, and is the port not one for {other}?"
    return f"MQTT broker {address} does not answer ({error}); {cure}"
