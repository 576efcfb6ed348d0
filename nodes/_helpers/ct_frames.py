"""Frames between a battery and a CT002 or CT003 meter, over UDP port 12345.

The bytes 1 and 2, the length in digits, the fields each after a `|`, the byte 3, and two hex digits
that are the XOR of all before. Source: tomquist/AstraMeter, docs/ct002-ct003-protocol; facts only.
"""

import re
from collections.abc import Sequence
from functools import partial, reduce
from operator import xor
from typing import NamedTuple

from flowctl import Watts
from nodes._helpers.polled_meter import Question

PORT = 12345
START, END = b"\x01\x02", b"\x03"
CT002, CT003 = "HME-4", "HME-3"
ANYBODY = "000000000000"
LONGEST = 512  # bytes
FRAME = re.compile(rb"\x01\x02(\d{1,4})((?:\|[^|\x03]*)+)\x03([0-9A-Fa-f ]{2})")
MOST = 100_000.0  # W; more is no power of a battery
SIGNAL = -50  # dBm that is told


class Poll(NamedTuple):
    """What a battery asks and tells. Its power is + discharging, as ours."""

    kind: str
    mac: str
    meter_kind: str
    meter_mac: str
    phase: str
    power: Watts


def write_frame(fields: Sequence[object]) -> bytes:
    """Put fields into a frame; the length counts itself."""
    body = "".join(f"|{field}" for field in fields).encode("ascii", "replace")
    bare = len(START) + len(body) + len(END) + 2
    length = bare + len(str(bare + 2))
    frame = START + str(length).encode() + body + END
    return frame + f"{reduce(xor, frame):02X}".encode()


def read_frame(data: bytes) -> list[str]:
    """Return the fields of a frame; none if it is no whole, sound one."""
    found = FRAME.fullmatch(data) if len(data) <= LONGEST else None
    if not found or int(found[1]) != len(data):
        return []
    if reduce(xor, data[:-2]) != int(found[3].strip() or b"0", 16):
        return []
    return found[2].decode("ascii", "replace").split("|")[1:]


def read_poll(data: bytes) -> Poll | None:
    """Return what a battery asks; nothing if it is no poll."""
    fields = read_frame(data)
    if len(fields) not in (6, 7) or not re.fullmatch(r"-?\d{1,6}", fields[5]):
        return None
    kind, mac, meter_kind, meter_mac, phase = fields[:5]
    power = float(fields[5])
    fits = meter_kind in (CT002, CT003) and phase in ("A", "B", "C", "D", "0") and abs(power) < MOST
    return Poll(kind, mac, meter_kind, meter_mac, phase, power) if fits else None


class Meter:
    """The meter that one battery polls; it counts what it says, for batteries skip repetitions."""

    def __init__(self, battery: str, mac: str) -> None:
        self._battery, self._mac = battery.lower().replace(":", ""), mac.lower().replace(":", "")
        self._count = -1

    def understand(self, data: bytes) -> Question | None:
        """Read a poll of our battery; nothing if it is another's, or none, or for another meter."""
        poll = read_poll(data)
        if poll is None or poll.mac.lower() != self._battery:
            return None
        if poll.meter_mac.lower() not in (ANYBODY, self._mac):
            return None
        return Question(partial(self._answer, poll), poll.power)

    def _answer(self, poll: Poll, watts: Watts) -> bytes:
        """Say it on the phase of the battery, as the only one there: the grid is all its own."""
        self._count = (self._count + 1) % 256
        on = "ABC".find(poll.phase) if poll.phase in "ABC" else 0
        shown = [round(watts) if phase == on else 0 for phase in range(3)]
        counts = [int(phase == on) for phase in range(3)]
        alone = [0] * 5  # what other batteries of the phases charge, and discharge
        named = self._mac if poll.meter_mac == ANYBODY else poll.meter_mac
        fields = [
            poll.meter_kind, named, poll.kind, poll.mac, *shown, sum(shown),
            *counts, 1, SIGNAL, self._count, *alone, *alone,
        ]  # fmt: skip
        return write_frame([*fields, 0, 0, 0, 0] if poll.meter_kind == CT003 else fields)
