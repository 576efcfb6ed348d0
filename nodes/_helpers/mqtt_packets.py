"""The one packet of MQTT that comes by the thousand: PUBLISH at QoS 0, written and read.

Source: MQTT 3.1.1 (OASIS, 2014), 2.2.3 remaining length and 3.3 PUBLISH; MQTT 5.0, 3.3.2.3: there
a property length stands before the payload.
"""

from typing import NamedTuple

PUBLISH, KIND_AND_QOS, RETAINED = 0x30, 0xF6, 0x01
MORE, SEVEN = 0x80, 0x7F  # of each byte of a length
LONGEST = 4  # bytes of a length


class Publish(NamedTuple):
    """A message of QoS 0, and where the next packet begins."""

    topic: str
    payload: bytes
    kept: bool
    end: int


def publish_packet(topic: str, payload: bytes, *, retain: bool, properties: bool) -> bytearray:
    """Write a message of QoS 0; `properties` adds the empty ones of MQTT 5."""
    name = topic.encode()
    length = 2 + len(name) + properties + len(payload)
    packet = bytearray((PUBLISH | retain,))
    while length > SEVEN:
        packet.append(length & SEVEN | MORE)
        length >>= 7
    packet.append(length)
    packet += len(name).to_bytes(2, "big")
    packet += name
    if properties:
        packet.append(0)
    packet += payload
    return packet


def read_publish(block: bytes, at: int, *, properties: bool) -> Publish | None:
    """Read a message of QoS 0 at a place; nothing if another packet, or only a part, is there."""
    if at >= len(block) or block[at] & KIND_AND_QOS != PUBLISH:
        return None
    name, size = _length(block, at + 1)
    body = name + 2 + int.from_bytes(block[name : name + 2], "big") + properties
    end = name + size
    if not size or end > len(block) or body > end or (properties and block[body - 1]):
        return None
    try:
        topic = block[name + 2 : body - properties].decode()
    except UnicodeDecodeError:
        return None
    return Publish(topic, block[body:end], bool(block[at] & RETAINED), end)


def _length(block: bytes, at: int) -> tuple[int, int]:
    """Where the packet goes on, and how many bytes of it there are; 0 if that is cut off."""
    size = 0
    for index, byte in enumerate(block[at : at + LONGEST]):
        size |= (byte & SEVEN) << 7 * index
        if not byte & MORE:
            return at + index + 1, size
    return at, 0
