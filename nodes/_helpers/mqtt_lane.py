"""The fast lane of an MQTT connection: plain messages in blocks, all else left to paho.

By itself paho asks the system three times for each packet it reads and once for each it writes,
under several locks. Here a block is read at once, and messages of QoS 0 are taken from it directly.
Of those to be sent the first of a turn goes at once, and the others gather for one write. What is
no whole PUBLISH of QoS 0 goes through paho as ever. Figures: docs/decisions/0005-mqtt-lane.md.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from nodes._helpers.mqtt_packets import publish_packet, read_publish

BLOCK = 1 << 16  # bytes read at once
SEGMENT = 1400  # bytes; what fills a packet of the network need not wait for company
JAM = 1 << 16  # bytes that may wait to be written; then messages are held back
DISCONNECT = 0xE0  # MQTT 3.1.1, 3.14: paho closes the socket right after it
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Lane:
    """Stands between paho (its private half is spoken to, so `Any`) and its socket.

    `heard` gets topic, payload and whether the broker had kept it; `room` is called when a jam is
    over.
    """

    def __init__(
        self,
        paho: Any,
        heard: Callable[[str, bytes, bool], None],
        room: Callable[[], None],
        *,
        properties: bool,
    ) -> None:
        self._paho, self._heard, self._room, self._properties = paho, heard, room, properties
        self._loop = asyncio.get_running_loop()
        self._link: Any = paho.socket()
        self._block, self._at = b"", 0
        self._out = bytearray()
        self._stepping = self._flushing = self._waiting = False
        self._receive: Callable[[int], bytes] = paho._sock_recv
        self._close: Callable[..., None] | None = paho.on_socket_close
        paho._sock_recv = self._from_block
        paho._sock_send = self._gather
        paho.on_socket_register_write = lambda *_: self._want()
        paho.on_socket_unregister_write = None
        paho.on_socket_close = self._closed
        self._loop.add_reader(self._link, self._readable)

    @property
    def jammed(self) -> bool:
        """Whether the other side takes less than it is given."""
        return len(self._out) > JAM

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send a message of QoS 0: the first of a turn at once, those after it together."""
        alone = not (self._flushing or self._stepping or self._out)
        self._out += publish_packet(topic, payload, retain=retain, properties=self._properties)
        if alone:
            self._write()
        self._want()

    def _readable(self) -> None:
        if not self._stepping:
            self._step()

    def _step(self) -> None:
        """Take one packet per turn of the loop, so that those who hear it keep step."""
        self._stepping = False
        try:
            if not self._take():
                self._paho.loop_read()
        except Exception:  # noqa: BLE001 - a packet paho cannot decode ends the connection, not us
            self._paho.disconnect()
            return
        if self._at < len(self._block) and self._link:
            self._stepping = True
            self._loop.call_soon(self._step)

    def _take(self) -> bool:
        """Hand on a message of QoS 0 if one comes next; paho must not be within a packet."""
        if self._paho._in_packet["command"]:
            return False
        if self._at >= len(self._block) and not self._fill():
            return False
        found = read_publish(self._block, self._at, properties=self._properties)
        if found is None:
            return False
        topic, payload, kept, self._at = found
        self._heard(topic, payload, kept)
        return True

    def _fill(self) -> bool:
        self._block, self._at = b"", 0
        try:
            self._block = self._receive(BLOCK)
        except OSError:  # nothing there, or lost: paho asks again, and knows what to do
            return False
        return bool(self._block)

    def _from_block(self, size: int) -> bytes:
        """Give paho the bytes it asks for."""
        if self._at >= len(self._block):
            self._block, self._at = self._receive(BLOCK), 0
        part = self._block[self._at : self._at + size]
        self._at += len(part)
        return part

    def _gather(self, packet: bytes | bytearray) -> int:
        """Take what paho sends."""
        self._out += packet
        if packet[0] == DISCONNECT:
            self._write()
        return len(packet)

    def _want(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._stepping and len(self._out) < SEGMENT:
            self._loop.call_soon(self._flush)  # answers to the rest of the block will follow
            return
        self._flushing = False
        if self._paho.want_write():
            self._paho.loop_write()
        self._write()

    def _write(self) -> None:
        jammed = self.jammed
        try:
            while self._out and self._link:
                del self._out[: self._link.send(self._out)]
        except NOT_NOW:
            self._wait(True)
        except OSError:
            self._out.clear()  # lost: the reading side will notice
        else:
            self._wait(False)
        if jammed and not self.jammed:
            self._room()

    def _wait(self, wanted: bool) -> None:
        """Ask to be called when the socket takes more, or no longer."""
        if wanted and not self._waiting:
            self._loop.add_writer(self._link, self._write)
        elif self._waiting and not wanted:
            self._loop.remove_writer(self._link)
        self._waiting = wanted

    def _closed(self, paho: Any, data: Any, link: socket.socket) -> None:
        self._loop.remove_reader(link)
        self._wait(False)
        self._link = None
        if self._close:
            self._close(paho, data, link)
