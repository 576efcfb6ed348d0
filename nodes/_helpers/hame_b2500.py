"""What a B2500 says of itself on MQTT, and how it is told: lists of key=value.

Source: tomquist/hm2mqtt v1.6.0 (keys, command codes, timers); lucavb/marstek-prometheus-controller
(80 W floor of an enabled timer). Codes 17 to 20 are volatile, their likes 3 to 7 write flash.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from flowctl import Battery, Seconds, Watts
from nodes._helpers.marstek_api import Reader
from nodes._helpers.nonsense import excerpt

POLL = b"cd=1"
TIMERS = 20  # the volatile command for all timers; 7 is the one that writes flash
FIVE_SLOTS = (218.0, 2.0)  # firmware from which there are five; three before
EARLY = timedelta(minutes=2)  # our slot begins before now: its clock may be behind
MOST_POWER = 10_000.0  # W of one output or panel; more is no power of a storage
LONGEST = 4000  # characters
PAIRS = re.compile(r"[a-z_]+\d*=[^,=]*(?:,[a-z_]+\d*=[^,=]*)*,?\Z")
HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]?\d)\Z")


class Slot(NamedTuple):
    """A timer: from when to when, by the storage's own clock, and how much."""

    on: bool = False
    begins: str = "00:00"
    ends: str = "23:59"
    watts: int = 80

    def command(self, number: int) -> str:
        """Write its part of the command for all timers."""
        on, begins, ends, watts = self
        return f"a{number}={int(on)},b{number}={begins},e{number}={ends},v{number}={watts}"


class Schedule(NamedTuple):
    """What it goes by: a meter of its own (adaptive), or its timers."""

    adaptive: bool
    slots: tuple[Slot, ...]

    def command(self) -> bytes:
        """Write the volatile command; it must name all timers."""
        timers = ",".join(slot.command(number) for number, slot in enumerate(self.slots, 1))
        return f"cd={TIMERS},md={int(self.adaptive)},{timers}".encode()

    @property
    def power(self) -> Watts:
        """What it is told to give, if its timers run now."""
        return float(sum(slot.watts for slot in self.slots[:1] if slot.on))


class Status(NamedTuple):
    """An answer to a poll."""

    battery: Battery
    schedule: Schedule
    meter: bool
    """Whether it has a meter of its own."""
    empty: bool
    """Whether it is discharged as far as it may be: then only what panels make goes through."""


def steady(watts: Watts, count: int, until: tuple[datetime, Seconds] | None = None) -> Schedule:
    """Give so much all day, or not at all; `until`: from now on for so long, by the hour."""
    off = Slot()
    on = Slot(on=True, watts=round(watts)) if round(watts) > 0 else off
    if until is None or not on.on:
        return Schedule(False, (on, *[off] * (count - 1)))
    now, end = until[0], until[0] + timedelta(seconds=until[1], minutes=1)
    begin = now - EARLY
    if begin.date() == end.date():
        return Schedule(False, (_between(on, begin, end), *[off] * (count - 1)))
    parts = (_between(on, begin, None), _between(on, None, end))
    return Schedule(False, (*parts, *[off] * (count - 2)))


def stopped(count: int) -> Schedule:
    """Give nothing."""
    return steady(0.0, count)


def read_status(payload: bytes, *, timers_only: bool = False) -> tuple[Status | None, list[str]]:
    """Read an answer; nothing if it answers another question. Also tell what was odd.

    Raises:
        ValueError: it is not a list of key=value.
    """
    text = payload[: LONGEST + 1].decode("ascii", "replace").strip()
    if len(text) > LONGEST or not PAIRS.match(text):
        raise ValueError(f"not a list of key=value: {excerpt(text)}")
    said = dict(pair.split("=", 1) for pair in text.rstrip(",").split(","))
    if "pe" not in said or "g1" not in said:
        return None, []
    reader = Reader(said)
    meter = reader.take("sg", 0.0, 1.0) == 1.0
    adaptive = reader.take("md", 0.0, 3.0) == 1.0 and not timers_only
    slots = tuple(_slot(number, said, reader) for number in range(1, _slots(said, reader) + 1))
    battery = _battery(reader, own=adaptive and meter)
    soc, depth = battery.soc, reader.take("do", 0.0, 100.0)
    empty = soc is not None and depth is not None and soc <= 100.0 - depth
    return Status(battery, Schedule(adaptive, slots), meter, empty), reader.odd


def _battery(reader: Reader, *, own: bool) -> Battery:
    outputs, pv = _sum(reader, "g1", "g2"), _sum(reader, "w1", "w2")
    return Battery(
        power=outputs,
        soc=reader.take("pe", 0.0, 100.0),
        pv_power=pv,
        cell_power=None if outputs is None or pv is None else outputs - pv,
        temperature=reader.take("th", -60.0, 150.0),
        self_regulating=own,
        mode="meter" if own else "timers",
        online=True,
    )


def _sum(reader: Reader, *names: str) -> Watts | None:
    parts = [reader.take(name, 0.0, MOST_POWER) for name in names]
    return None if None in parts else sum(part for part in parts if part is not None)


def _slots(said: Mapping[str, str], reader: Reader) -> int:
    firmware = (reader.take("vv", 0.0, 1e6) or 0.0, reader.take("sv", 0.0, 1e6) or 0.0)
    return 5 if "d4" in said or firmware >= FIVE_SLOTS else 3


def _slot(number: int, said: Mapping[str, str], reader: Reader) -> Slot:
    begins, ends = (_hour(said.get(f"{key}{number}", "0:0")) for key in "ef")
    watts = reader.take(f"h{number}", 0.0, MOST_POWER) or 0.0
    return Slot(said.get(f"d{number}") == "1", begins, ends, round(watts))


def _hour(text: str) -> str:
    found = HOUR.match(text)
    return f"{int(found[1]):02d}:{int(found[2]):02d}" if found else "00:00"


def _between(slot: Slot, begin: datetime | None, end: datetime | None) -> Slot:
    return slot._replace(
        begins=f"{begin:%H:%M}" if begin else "00:00", ends=f"{end:%H:%M}" if end else "23:59"
    )
