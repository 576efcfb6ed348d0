r"""Datagrams of SMA energy meters, read.

Source: SMA, Energy Meter protocol (EMETER-Protokoll-TI); big-endian: `SMA\0`, tag 0x02A0, data
length and tag 0x0010, protocol 0x6069, SUSyID, serial number, ticker in ms; from byte 28 channels
of 4 bytes name (channel, index, type, tariff) and 4 (type 4) or 8 bytes (type 8), until a name of
zeros. Powers (type 4) in 0.1 W: index 1 from the grid, 2 to it; 21/22, 41/42, 61/62 by phase. The
software version, channel 144, has 4 bytes. With protocol 0x6081, as a meter says it to one machine,
two more bytes stand before the SUSyID (RalfOGit/libspeedwire, SpeedwireData2Packet).
"""

from collections.abc import Mapping
from struct import unpack_from
from typing import Literal, NamedTuple

from flowctl import Watts

GROUP, PORT = "239.12.255.254", 9522
Phase = Literal["all", "l1", "l2", "l3"]
INDICES = {"all": (1, 2), "l1": (21, 22), "l2": (41, 42), "l3": (61, 62)}
EXTRAS = {b"\x60\x69": 0, b"\x60\x81": 2}  # bytes before the SUSyID, by protocol
BEGIN, LARGEST = 28, 2048  # bytes
VERSION, ACTUAL, COUNTER = 144, 4, 8


class Reading(NamedTuple):
    """What one meter told."""

    serial: int
    tenths: Mapping[int, int]
    """Its powers by index, in 0.1 W."""

    def power(self, phase: Phase = "all") -> Watts:
        """Return the power, + import.

        Raises:
            ValueError: it was not told.
        """
        taken, given = (self.tenths.get(index) for index in INDICES[phase])
        if taken is None or given is None:
            raise ValueError(f"a datagram without the power of {phase}")
        return (taken - given) / 10


def is_meter(data: bytes) -> bool:
    """Whether a datagram is of an energy meter; inverters speak in the same group."""
    return data[:4] == b"SMA\0" and data[14:16] == b"\0\x10" and data[16:18] in EXTRAS


def read(data: bytes) -> Reading:
    """Read a meter's datagram.

    Raises:
        ValueError: it is torn, or none.
    """
    if not is_meter(data) or not BEGIN <= len(data) <= LARGEST:
        raise ValueError(f"not a datagram of an energy meter: {data[:20].hex()}")
    end = 16 + int.from_bytes(data[12:14], "big")  # the length counts from after its tag
    if end > len(data):
        raise ValueError(f"a datagram of {len(data)} bytes that says it has {end}")
    more = EXTRAS[data[16:18]]
    if end < BEGIN + more:
        raise ValueError(f"a datagram that ends before its powers: {data.hex()}")
    return Reading(unpack_from(">I", data, 20 + more)[0], _channels(data[BEGIN + more : end]))


def _channels(data: bytes) -> Mapping[int, int]:
    powers: dict[int, int] = {}
    at = 0
    while at + 4 <= len(data) and (name := data[at : at + 4]) != b"\0\0\0\0":
        channel, index, kind, _ = name
        size = 8 if kind == COUNTER and channel != VERSION else 4
        if at + 4 + size > len(data):
            raise ValueError("a datagram that ends within a channel")
        if channel == 0 and kind == ACTUAL:
            powers[index] = int.from_bytes(data[at + 4 : at + 8], "big")
        at += 4 + size
    return powers
