"""Telegrams of smart meters at their P1 port: found in a stream, checked, and read.

Source: Netbeheer Nederland, P1 Companion Standard 5.0.2: `/` to `!`, CRC-16/ARC of both and all
between, four hex digits; objects `1-0:1.7.0` (taken from the grid), `1-0:2.7.0` (given to it), and
21/41/61.7.0, 22/42/62.7.0 by phase, in kW. DSMR 2.2 and 3 have no CRC and no version `1-3:0.2.8`.
"""

import re
from typing import Literal

from flowctl import Watts
from nodes._helpers.fields import read_number
from nodes._helpers.nonsense import excerpt

LARGEST = 1 << 14  # bytes; real telegrams stay below 4 kB
Phase = Literal["all", "l1", "l2", "l3"]
CODES = {"all": (1, 2), "l1": (21, 22), "l2": (41, 42), "l3": (61, 62)}
OBJECT = re.compile(r"^1-\d+:(\d+\.7\.0)(?:\*255)?\(([^()*]*)\*(k?W)\)", re.MULTILINE)
END = re.compile(rb"(?:^|[\r\n])!([^\r\n]{0,8})\r?\n")
VERSION = re.compile(rb"^(?:1-3:0\.2\.8|0-0:96\.1\.4)\(", re.MULTILINE)
SCALE = {"kW": 1000.0, "W": 1.0}


class Telegrams:
    """Cuts a stream of bytes into telegrams; what is before a `/` or too long is let go."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; return the telegrams that they complete, with their CRC."""
        self._waiting += data
        found = []
        while end := END.search(self._waiting):
            telegram = self._waiting[: end.end()]
            self._waiting = self._waiting[end.end() :]
            start = telegram.rfind(b"/")  # no telegram holds a second one: a torn one stands before
            found += [telegram[start:]] if start >= 0 else []
        self._waiting = self._waiting[-LARGEST:]
        return found


def crc(data: bytes) -> int:
    """Compute the CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def check(telegram: bytes) -> str:
    """Return the text of a telegram that came whole.

    Raises:
        ValueError: its CRC is wrong, or missing where there must be one.
    """
    body, _, told = telegram.rpartition(b"!")
    said = told.strip()
    if said or VERSION.search(body):
        made = b"%04X" % crc(body + b"!")
        if said.upper() != made:
            raise ValueError(f"a telegram with CRC {excerpt(said.decode('latin1'))}, not {made!r}")
    return body.decode("latin1").replace("\r", "")


def power(text: str, phase: Phase = "all") -> Watts:
    """Read the power of a telegram, + import; a direction that is not told counts as none.

    Raises:
        ValueError: it tells none at all, or no numbers.
    """
    told: dict[str, Watts] = {}
    for code, value, unit in OBJECT.findall(text):
        told.setdefault(code, read_number(value) * SCALE[unit])
    taken, given = (told.get(f"{code}.7.0") for code in CODES[phase])
    if taken is None and given is None:
        raise ValueError(f"a telegram without the power of {phase}: {excerpt(text)}")
    return round((taken or 0.0) - (given or 0.0), 3) + 0.0
