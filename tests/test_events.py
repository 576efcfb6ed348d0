"""Events each count: they wait in order, up to a bound, and none gives way to the next."""

import asyncio
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.events import BOUND, Events
from flowctl.live.run import run
from flowctl.live.session import Options
from tests.house import build
from tests.test_live import SOURCE


async def test_each_event_is_taken_in_order() -> None:
    box: Events[int] = Events()
    for value in range(5):
        box.put(value)
    box.close()
    assert [value async for value in box] == [0, 1, 2, 3, 4]
    assert box.conflated == 0


async def test_of_too_many_the_oldest_go_and_that_is_told_once() -> None:
    told: list[str] = []
    box: Events[int] = Events(bound=3, overflowing=lambda: told.append("too many"))
    for value in range(7):
        box.put(value)
    box.close()
    assert [value async for value in box] == [4, 5, 6]
    assert (box.conflated, told) == (4, ["too many"])


async def test_an_event_whose_taker_failed_is_the_next_one_again() -> None:
    box: Events[int] = Events()
    box.put(1)
    with pytest.raises(OSError, match="gone"):
        async for _ in box:
            box.put(2)
            raise OSError("gone")
    box.retry()
    box.close()
    assert [value async for value in box] == [1, 2]


@given(st.lists(st.one_of(st.integers(), st.none())), st.integers(1, 5))
def test_what_was_put_is_taken_or_counted(moves: list[int | None], bound: int) -> None:
    """`None` is a taker's turn."""

    async def play() -> None:
        box: Events[int] = Events(bound)
        taken: list[int] = []
        taker = aiter(box)
        for move in moves:
            if move is not None:
                box.put(move)
            elif len(box._held):
                taken.append(await anext(taker))
        box.close()
        taken += [value async for value in taker]
        put = [move for move in moves if move is not None]
        assert len(taken) + box.conflated == len(put)
        rest = iter(put)
        assert all(value in rest for value in taken)  # in the order they were put

    asyncio.run(play())


WRITES = '''
from pathlib import Path
from typing import Annotated, Any
from flowctl import Events, EventsIf, Latest, Log

async def writes(values: Events[Any], *, file: Annotated[str, "where to"], log: Log) -> None:
    """Each value counts."""
    async for value in values:
        with Path(file).open("a") as out:
            out.write(f"{value:g} ")
'''
MAY = WRITES.replace("writes(values: Events[Any], *", "may(values: @, *").replace(
    "@, *,", 'Annotated[Latest[Any], EventsIf("event")], *, event: Annotated[bool, "x"] = False,'
)
SLOW = WRITES.replace(
    "    async for", "    for _ in range(1000):  # turns\n        await sleep(0)\n    async for"
).replace("from pathlib", "from asyncio import sleep\nfrom pathlib")
FLOW = """
flow: live
streams:
  meter: [ten]
  out:
    - from: meter
    - STEP
"""


@pytest.mark.parametrize(
    ("step", "lines"),
    [
        ("writes: {file: FILE}", "0 1 2 3 4 5 6 7 8 9 "),
        ("may: {file: FILE, event: true}", "0 1 2 3 4 5 6 7 8 9 "),
        ("may: {file: FILE}", "9 "),
    ],
)
async def test_a_sink_says_whether_each_value_counts(tmp_path: Path, step: str, lines: str) -> None:
    file = tmp_path / "told.txt"
    flow = FLOW.replace("STEP", step).replace("FILE", str(file))
    made = build(tmp_path, flow, ten=SOURCE, writes=WRITES, may=MAY)
    async with asyncio.timeout(10):
        await run([made], Options(watch=False))
    assert file.read_text() == lines


async def test_a_flood_of_events_is_told_in_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "told.txt"
    flow = FLOW.replace("STEP", f"writes: {{file: {file}}}").replace("ten", "many")
    many = SOURCE.replace("ten", "many").replace("range(10)", f"range({BOUND + 10})")
    made = build(tmp_path, flow, many=many, writes=SLOW)
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10):
            await run([made], Options(watch=False))
    assert file.read_text().split()[0] == "10"
    assert [r.getMessage() for r in caplog.records if "faster" in r.getMessage()] == [
        f"out: events come faster than they go out; {BOUND} wait, and older ones are dropped"
    ]


async def test_an_event_that_its_sink_chokes_on_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.01)
    file = tmp_path / "told.txt"
    chokes = WRITES.replace("writes(", "chokes(").replace(
        "        with", "        1 / (value - 3)\n        with"
    )
    flow = FLOW.replace("STEP", f"chokes: {{file: {file}}}")
    made = build(tmp_path, flow, ten=SOURCE, chokes=chokes)
    async with asyncio.timeout(10):
        await run([made], Options(watch=False))
    assert file.read_text() == "0 1 2 4 5 6 7 8 9 "
    assert "out is away: float division by zero" in caplog.messages
