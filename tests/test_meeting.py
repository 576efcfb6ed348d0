"""Batteries are heard before they are told anything; real event loop, short waits."""

import asyncio
from pathlib import Path

import pytest

from flowctl.live import meeting
from flowctl.live.meeting import Meeting
from flowctl.live.run import run
from flowctl.live.session import Options
from flowctl.values import RELEASE, Battery
from tests.house import build

TOLD = Battery(power=1500.0)


class Place:
    """A device at a meeting: what it is told, with a shell that says the newest again."""

    def __init__(self, meet: Meeting) -> None:
        self.told: list[object] = []
        self.wanted: object = None
        self.seat = meet.join(self.told.append, lambda: self.want(self.wanted))

    def want(self, value: object) -> None:
        self.wanted = value
        self.seat.put(value)


@pytest.fixture(autouse=True)
def _thinks_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meeting, "THOUGHT", 0.02)


async def test_the_first_setpoint_is_one_that_was_made_of_what_it_told() -> None:
    left = Place(Meeting())
    left.want(-657.0)
    left.seat.say(Battery(soc=50.0))
    await asyncio.sleep(0.04)
    assert left.told == []
    left.seat.say(TOLD)
    left.wanted = 986.0  # its shell may not write so soon again
    assert left.told == []
    await asyncio.sleep(0.04)
    assert left.told == [986.0]
    left.want(930.0)
    assert left.told == [986.0, 930.0]


async def test_all_wait_for_the_last_one_that_tells() -> None:
    meet = Meeting()
    left, right = Place(meet), Place(meet)
    right.seat.say(TOLD)
    right.want(0.0)
    await asyncio.sleep(0.04)
    assert right.told == []
    left.seat.say(TOLD)
    await asyncio.sleep(0.04)
    assert (left.told, right.told) == ([], [0.0])


async def test_nobody_waits_for_one_that_is_away_or_taken_out() -> None:
    meet = Meeting()
    away, gone, none, here = (Place(meet) for _ in range(4))
    here.seat.say(TOLD)
    none.seat.say(Battery(online=False))  # a place kept for one that may come
    here.want(300.0)
    away.seat.known()
    gone.want(5.0)
    gone.seat.leave()
    await asyncio.sleep(0.04)
    assert (away.told, gone.told, here.told) == ([], [], [300.0])


async def test_one_that_never_tells_is_told_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(meeting, "PATIENCE", 0.02)
    left = Place(Meeting())
    left.want(1.0)
    left.want(2.0)
    assert left.told == []
    await asyncio.sleep(0.04)
    assert left.told == [2.0]


async def test_a_release_passes_at_once_and_what_was_kept_is_never_told() -> None:
    left = Place(Meeting())
    left.want(1.0)
    left.want(RELEASE)
    await asyncio.sleep(0.04)
    assert left.told == [RELEASE]


async def test_who_comes_later_holds_up_nobody_who_is_at_work() -> None:
    meet = Meeting()
    old = Place(meet)
    old.seat.say(TOLD)
    await asyncio.sleep(0.04)
    Place(meet)
    old.want(7.0)
    assert old.told == [7.0]


SLOW = '''
import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from flowctl import Battery, Latest, Release, Watts

async def slow(
    setpoint: Latest[Watts | Release], *, file: Annotated[str, "where to"]
) -> AsyncIterator[Battery]:
    """Takes its time to say what it does."""
    async for watts in setpoint.or_every(0.05):
        if watts is None:
            yield Battery(power=1500.0, online=True)
        else:
            with Path(file).open("a") as out:
                out.write(f"{watts}\\n")
'''
BEATS = '''
import asyncio
from collections.abc import AsyncIterator
from flowctl import Watts

async def beats() -> AsyncIterator[Watts]:
    """A reading now and then."""
    while True:
        yield 300.0
        await asyncio.sleep(0.01)
'''
FLOW = """
flow: slow
streams:
  meter: [beats]
  wanted:
    - from: meter
    - map: {to: "1 if power is None else power", others: {power: left.power}, unit: W}
  left: [from: wanted, slow: {file: FILE}]
"""


async def test_a_battery_gets_no_setpoint_of_a_flow_that_had_not_heard_it(tmp_path: Path) -> None:
    file = tmp_path / "told.txt"
    flow = build(tmp_path, FLOW.replace("FILE", str(file)), slow=SLOW, beats=BEATS)
    await run([flow], Options(watch=False, seconds=0.3))
    assert file.read_text().split() == ["1500.0", "RELEASE"]
