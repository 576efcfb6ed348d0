"""A simulated B2500 that speaks its own MQTT messages: polls and timers, quirks and all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flowctl import Seconds
from nodes.sim.guest import Guest, visiting
from nodes.sim.unit import Unit

FLASH = {"3", "4", "5", "6", "7", "8", "9", "22", "31"}  # commands that write flash
MAC = "acd929a74b20"
MIDNIGHT = "23:59"
TO_JOIN = 2.0  # s that it may take to be on its broker; then it goes on trying


@dataclass
class Quirks:
    """What firmware does to clients; may be changed while it runs."""

    floor: float = 80.0
    """W that an enabled timer gives at least; 40 on newer firmware."""
    slots: int = 5
    """Timers; 3 before firmware 218.2. A command that does not name all is not taken."""
    clock: str = "12:00"
    """The time of day it takes it to be; empty: its clock is not set, and no timer runs."""
    deaf: bool = False
    """It answers nothing."""
    hides: bool = False
    """Its answers show the timers in flash, not those it goes by."""
    latency: Seconds = 0.0
    """From a poll to its answer."""
    settle: Seconds = 0.0
    """From a command to its effect; 5 to 15 s in life."""


@dataclass
class Timers:
    """What it goes by: `md`, and `d`, `e`, `f`, `h` of each timer."""

    adaptive: int = 0
    rows: list[tuple[int, str, str, int]] = field(default_factory=list)

    def power(self, clock: str, floor: float) -> float:
        """What the timers give at a time of day, W."""
        if not clock:
            return 0.0
        now = _minutes(clock)
        on = [row for row in self.rows if row[0] and _minutes(row[1]) <= now <= _minutes(row[2])]
        return sum(max(floor, float(row[3])) for row in on[:1])


class HameB2500:
    """The storage's state; signs of the house: + discharging."""

    def __init__(self, unit: Unit, quirks: Quirks) -> None:
        self.unit, self.quirks = unit, quirks
        self.flash = Timers(0, [(0, "0:00", MIDNIGHT, 80)] * quirks.slots)
        self.timers = Timers(self.flash.adaptive, list(self.flash.rows))
        self.heard: list[str] = []
        """Commands other than polls, as they came."""
        self.flashed = 0
        """How often flash was written."""

    def reboot(self) -> None:
        """Forget what is not in flash."""
        self.timers = Timers(self.flash.adaptive, list(self.flash.rows))
        self.act()

    def answer(self, text: str) -> str | None:
        """Deal with a message; only polls are answered."""
        said = dict(part.partition("=")[::2] for part in text.split(","))
        if self.quirks.deaf or not self.unit.online:
            return None
        if said.get("cd") in ("1", "01"):
            return self.status()
        self.heard.append(text)
        self.flashed += said.get("cd") in FLASH
        if said.get("cd") in ("7", "20"):
            self._take(said)
        return None

    def status(self) -> str:
        """What it says of itself."""
        shown = self.flash if self.quirks.hides else self.timers
        parts: list[tuple[str, Any]] = [
            ("p1", 0), ("p2", 0), ("w1", 0), ("w2", 0), ("pe", round(self.unit.soc)),
            ("vv", 224 if self.quirks.slots == 5 else 212), ("sv", 3), ("cs", 0), ("cd", 0),
            ("do", 90), ("lv", 800), ("cj", 1), ("kn", 1300), *self._outputs(),
            ("md", shown.adaptive), ("sg", 0), ("tl", 12), ("th", 13),
        ]  # fmt: skip
        for number, (on, begins, ends, watts) in enumerate(shown.rows, 1):
            parts += [(f"d{number}", on), (f"e{number}", begins), (f"f{number}", ends)]
            parts.append((f"h{number}", watts))
        return ",".join(f"{key}={value}" for key, value in parts)

    def act(self) -> None:
        """Give what the timers say now."""
        self.unit.command(self.timers.power(self.quirks.clock, self.quirks.floor))

    def _outputs(self) -> list[tuple[str, Any]]:
        half = round(max(0.0, self.unit.power) / 2)
        return [("g1", half), ("g2", max(0, round(self.unit.power) - half))]

    def _take(self, said: Mapping[str, str]) -> None:
        numbers = range(1, self.quirks.slots + 1)
        if not all(f"{key}{number}" in said for number in numbers for key in "abev"):
            return
        rows = [
            (int(said[f"a{n}"]), said[f"b{n}"], said[f"e{n}"], int(said[f"v{n}"])) for n in numbers
        ]
        self.timers = Timers(int(said.get("md", "0")), rows)
        if said["cd"] == "7":
            self.flash = Timers(self.timers.adaptive, list(rows))


@asynccontextmanager
async def serve(
    unit: Unit,
    url: str,
    *,
    name: str = MAC,
    kind: str = "HMA-1",
    prefix: str = "hame_energy",
    quirks: Quirks | None = None,
) -> AsyncIterator[HameB2500]:
    """Be a storage on a broker, under one prefix and one name.

    Source: tomquist/hm2mqtt v1.6.0 and hame-relay: topics, keys, codes; only polls are answered;
    a command for timers must name all; an enabled timer gives 80 W at least (40 W on some).
    """
    storage = HameB2500(unit, quirks or Quirks())
    topic = f"{prefix}/{kind}/device/{name}/ctrl"
    guests: list[Guest] = []

    async def heard(_topic: str, payload: bytes) -> None:
        told = storage.answer(payload.decode("ascii", "replace"))
        if told is None:
            asyncio.get_running_loop().call_later(storage.quirks.settle, storage.act)
            return
        await asyncio.sleep(storage.quirks.latency)
        await guests[0].say(topic, told)

    async with visiting(url, heard, f"{prefix}/{kind}/App/{name}/ctrl") as guest:
        guests.append(guest)
        with suppress(TimeoutError):
            async with asyncio.timeout(TO_JOIN):
                await guest.online.wait()
        yield storage


def _minutes(clock: str) -> int:
    moment = datetime.strptime(clock, "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    return moment.hour * 60 + moment.minute
