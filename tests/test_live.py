"""The live ends: clocks, boxes, tended tasks; real event loop, short waits."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path

import pytest

from flowctl import Battery
from flowctl.latest import Latest
from flowctl.live.clock import LiveClock
from flowctl.live.control import listening
from flowctl.live.run import run
from flowctl.live.session import Options, Session
from flowctl.live.tend import Tended
from flowctl.ticks import ticks
from tests.house import build


async def test_a_box_holds_the_newest_only() -> None:
    box: Latest[int] = Latest()
    for value in range(5):
        box.put(value)
    box.close()
    assert [value async for value in box] == [4]
    assert box.conflated == 4


async def test_a_value_whose_taker_failed_is_laid_back() -> None:
    box: Latest[int] = Latest()
    box.put(1)
    with pytest.raises(OSError, match="gone"):
        async for _ in box:
            raise OSError("gone")
    box.retry()
    box.close()
    assert [value async for value in box] == [1]


async def test_a_newer_value_beats_the_one_laid_back() -> None:
    box: Latest[int] = Latest()
    box.put(1)
    with pytest.raises(OSError, match="gone"):
        async for _ in box:
            box.put(2)
            raise OSError("gone")
    box.retry()
    box.close()
    assert [value async for value in box] == [2]


async def test_or_every_polls_when_nothing_comes_and_yields_values_at_once() -> None:
    box: Latest[float] = Latest()
    said: list[float | None] = []

    async def take() -> None:
        async for value in box.or_every(0.02):
            said.append(value)

    task = asyncio.create_task(take())
    await asyncio.sleep(0.05)
    polls = len(said)
    box.put(5.0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    box.close()
    await task
    assert polls >= 1
    assert set(said[:polls]) == {None}
    assert 5.0 in said


async def test_ticks_do_not_catch_up() -> None:
    seen = []
    async for tick in ticks(0.01):
        seen.append(tick)
        if len(seen) == 2:
            await asyncio.sleep(0.035)
        if len(seen) == 4:
            break
    steps = [round((b - a) / 0.01) for a, b in pairwise(seen)]
    assert steps[0] == 1
    assert steps[1] >= 3


async def test_timers_ring_in_the_order_of_their_times_whatever_the_others_do() -> None:
    clock, said = LiveClock(), []

    def fail() -> None:
        clock.later(0.0, lambda: said.append("asked while ringing"))
        raise ValueError("a timer that fails")

    asyncio.get_running_loop().set_exception_handler(lambda _, told: said.append(told["exception"]))
    clock.later(0.03, lambda: said.append("last"))
    clock.later(0.02, lambda: said.append("second"))
    dropped = clock.later(0.01, lambda: said.append("never"))
    clock.later(0.01, fail)
    dropped.dispose()
    dropped.dispose()
    async with asyncio.timeout(5):
        while len(said) < 4:  # noqa: ASYNC110 - a busy machine is late
            await asyncio.sleep(0.01)
    told = [str(item) for item in said]
    assert "asked while ringing" in told
    told.remove("asked while ringing")  # where it comes depends on how busy the machine is
    assert told == ["a timer that fails", "second", "last"]


async def test_the_live_clock_runs_timers_as_turns_and_cancels_them() -> None:
    clock, said = LiveClock(), []
    clock.later(0.01, lambda: said.append("kept"))
    clock.later(0.01, lambda: said.append("cancelled")).dispose()
    await asyncio.sleep(0.03)
    assert said == ["kept"]


async def test_a_step_of_the_wall_clock_moves_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, rung = LiveClock(), asyncio.Event()

    class Set(datetime):
        """An hour back, as by a time server."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=1)

    clock.later(0.03, rung.set)
    before, wall, date = clock.time(), clock.wall(), clock.now
    monkeypatch.setattr("flowctl.live.clock.datetime", Set)
    async with asyncio.timeout(5):
        await rung.wait()
    assert clock.wall() < wall
    assert 0.0 < clock.time() - before < 5.0
    assert clock.now > date


async def test_an_edge_that_goes_and_returns_is_told_once_each(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts, troubles = [], list[BaseException]()

    async def attempt(well: object) -> None:
        attempts.append(1)
        if len(attempts) < 4:
            raise OSError("no route")
        well()  # type: ignore[operator]

    with caplog.at_level(logging.INFO):
        log = logging.getLogger("edge")
        tended = Tended("meter", log, attempt, troubles.append, grace=0.0)
        tended.hurry()
        with monkeypatch.context() as patch:
            patch.setattr("flowctl.live.tend.SHORTEST", 0.001)
            await tended.task
    assert [record.getMessage() for record in caplog.records] == [
        "meter is away: no route",
        "meter is back",
    ]
    assert list(map(str, troubles)) == ["no route"]


async def test_edges_that_go_and_return_for_one_reason_are_told_together(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.chorus.MOMENT", 0.05)
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.2)
    there = asyncio.Event()

    async def attempt(well: object) -> None:
        await asyncio.sleep(0)
        if not there.is_set():
            raise OSError("no broker")
        well()  # type: ignore[operator]

    async def another(well: object) -> None:
        raise OSError("no route")

    def tended(name: str, does: Callable[[Callable[[], None]], Awaitable[None]]) -> Tended:
        return Tended(name, logging.getLogger(f"home.{name}"), does, lambda _: None, grace=0.0)

    all_of_them = [tended(f"e{number}", attempt) for number in range(9)]
    other = tended("other", another)
    await asyncio.sleep(0.1)
    there.set()
    await asyncio.wait([one.task for one in all_of_them])
    await asyncio.sleep(0.1)
    other.task.cancel()
    await asyncio.wait([other.task])
    assert sorted(caplog.messages) == [
        "e0 is away: no broker",
        "e0 is back",
        "e1, e2, e3, e4, e5, e6 and 2 more are away, too, for the same reason",
        "e1, e2, e3, e4, e5, e6 and 2 more are back, too",
        "other is away: no route",
    ]
    assert [line.name for line in caplog.records].count("home.e0") == 2
    assert {line.name for line in caplog.records if "too" in line.getMessage()} == {"home"}


async def test_what_an_edge_knows_by_itself_is_no_sign_that_it_is_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a choice that holds before its broker answers."""
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.001)
    monkeypatch.setattr("flowctl.live.tend.PROOF", 0.1)
    attempts = []

    async def attempt(well: object) -> None:
        attempts.append(1)
        well()  # type: ignore[operator]
        await asyncio.sleep(0.002)
        if len(attempts) < 4:
            raise OSError("no route")
        await asyncio.sleep(0.3)  # there it is, and says no more

    with caplog.at_level(logging.INFO):
        await Tended("mode", logging.getLogger("edge"), attempt, lambda _: None, grace=0.0).task
    assert caplog.messages == ["mode is away: no route", "mode is back"]


async def test_an_edge_that_comes_up_with_the_flow_is_not_told_as_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = []

    async def attempt(well: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionRefusedError("not yet")

    with caplog.at_level(logging.INFO):
        await Tended("meter", logging.getLogger("edge"), attempt, lambda _: None).task
    assert len(attempts) == 2
    assert caplog.records == []


SOURCE = '''
from collections.abc import AsyncIterator
from flowctl import Watts

async def ten() -> AsyncIterator[Watts]:
    """Ten readings, then the end."""
    for watts in range(10):
        yield float(watts)
'''
NOTE = '''
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from flowctl import Battery, Latest, Release, Terms, Watts

async def note(
    setpoint: Latest[Watts | Release], *, file: Annotated[str, "where to"], terms: Terms = Terms()
) -> AsyncIterator[Battery]:
    """Writes down what it is told."""
    async for watts in setpoint:
        with Path(file).open("a") as out:
            out.write(f"{watts}\\n")
        yield Battery(setpoint=watts if isinstance(watts, float) else 0.0)
'''
FLOW = """
flow: live
streams:
  meter: [ten]
  left:
    - from: meter
    - note: {file: FILE}
"""


async def test_a_flow_runs_to_the_end_of_its_sources_and_releases(tmp_path: Path) -> None:
    file = tmp_path / "told.txt"
    flow = build(tmp_path, FLOW.replace("FILE", str(file)), ten=SOURCE, note=NOTE)
    async with asyncio.timeout(10):
        await run([flow], Options(watch=False))
    assert file.read_text().splitlines()[-1] == "RELEASE"


GONE = '''
from collections.abc import AsyncIterator
from flowctl import Battery, Latest, Release, Watts

async def gone(setpoint: Latest[Watts | Release]) -> AsyncIterator[Battery]:
    """Tells one thing and is gone."""
    yield Battery(power=5.0, online=True)
    raise OSError("no route")
'''


async def test_a_device_that_goes_away_is_told_as_offline_at_once(tmp_path: Path) -> None:
    flow = FLOW.replace("- note: {file: FILE}", "- gone")
    told = []

    async def watch(sessions: Sequence[Session]) -> None:
        sessions[0].engine.output("left/gone").listen(0, told.append)

    made = build(tmp_path, flow.replace("[ten]", "[src]"), gone=GONE)
    await run([made], Options(watch=False, seconds=0.2), [watch])
    assert told[:2] == [Battery(power=5.0, online=True), Battery(online=False)]


async def test_a_state_folder_that_cannot_be_is_told_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, state = tmp_path / "told.txt", tmp_path / "a file"
    state.touch()
    flow = build(tmp_path, FLOW.replace("FILE", str(file)), ten=SOURCE, note=NOTE)
    async with asyncio.timeout(10):
        await run([flow], Options(watch=False, state=state), [listening(state)])
    assert file.read_text().splitlines()[-1] == "RELEASE"
    assert "`tap` and `top` will not find this run" in caplog.text
    assert "cannot be used" in caplog.text
    assert "Errno" not in caplog.text
    assert not [record for record in caplog.records if record.exc_info]


async def test_shadow_reads_and_never_writes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file = tmp_path / "told.txt"
    flow = build(tmp_path, FLOW.replace("FILE", str(file)), ten=SOURCE, note=NOTE)
    async with asyncio.timeout(10):
        await run([flow], Options(watch=False, shadow=True))
    assert not file.exists()
    assert "released" not in caplog.text


async def test_an_edge_outlives_that_what_it_waits_for_is_cancelled(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.001)
    attempts = []

    async def attempt(_well: object) -> None:
        attempts.append(1)
        if len(attempts) == 1:
            shared: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            shared.cancel()
            await shared

    tended = Tended("meter", logging.getLogger("edge"), attempt, lambda _: None)
    tended.hurry()
    await tended.task
    assert len(attempts) == 2
    assert "meter is away: CancelledError" in caplog.messages


async def test_an_edge_that_is_cancelled_ends() -> None:
    async def attempt(_well: object) -> None:
        await asyncio.Event().wait()

    tended = Tended("meter", logging.getLogger("edge"), attempt, lambda _: None)
    await asyncio.sleep(0)
    tended.task.cancel()
    await asyncio.wait({tended.task})
    assert tended.task.cancelled()


BEATS = '''
from collections.abc import AsyncIterator
from flowctl import Watts, ticks

async def beats() -> AsyncIterator[Watts]:
    """Ten watts, often."""
    async for _ in ticks(0.02):
        yield 10.0
'''
PLACED = '''
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from flowctl import Battery, Latest, Release, Watts

async def placed(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[str, "where it is"],
    file: Annotated[str, "where to note what it is told"],
) -> AsyncIterator[Battery]:
    """A battery that is not at every address."""
    if host == "gone":
        raise RuntimeError("no route")
    async for watts in setpoint:
        with Path(file).open("a") as out:
            out.write(f"{host} {watts}\\n")
        yield Battery(setpoint=watts if isinstance(watts, float) else 0.0)
'''
MOVES = """
flow: moves
streams:
  meter: [beats]
  left:
    - from: meter
    - placed: {host: gone, file: FILE}
"""


async def test_a_battery_that_moved_is_taken_at_its_new_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.edges.PATIENCE", 0.2)
    monkeypatch.setattr("flowctl.live.meeting.PATIENCE", 0.2)
    file = tmp_path / "told.txt"
    text = MOVES.replace("FILE", str(file))
    flow = build(tmp_path, text, beats=BEATS, placed=PLACED)
    online: list[bool | None] = []

    async def move(sessions: Sequence[Session]) -> None:
        output = sessions[0].engine.output("left/placed")
        output.listen(0, lambda record: online.append(record.online))
        await asyncio.sleep(0.3)
        flow.write_text(text.replace("gone", "here"))
        sessions[0].reload()

    await run([flow], Options(watch=False, seconds=1.5), [move])
    told = file.read_text().splitlines()
    assert told[0] == "here 10.0"
    assert told[-1] == "here RELEASE"
    assert online[:2] == [False, True]
    assert False not in online[1:]


HANDED = '''
from collections.abc import AsyncIterator
from typing import Annotated
from flowctl import Battery, Latest, Release, Watts

async def handed(
    setpoint: Latest[Watts | Release], *, number: Annotated[int, "which one it is"]
) -> AsyncIterator[Battery]:
    """A battery that tells by its charge whose record it is."""
    async for watts in setpoint.or_every(0.02):
        yield Battery(power=500.0, soc=float(number))
'''


async def test_a_battery_that_a_reload_hands_over_is_away_meanwhile(tmp_path: Path) -> None:
    text = MOVES.replace("placed: {host: gone, file: FILE}", "handed: {number: 1}")
    flow = build(tmp_path, text, beats=BEATS, handed=HANDED)
    told: list[tuple[bool | None, float | None]] = []

    async def change(sessions: Sequence[Session]) -> None:
        output = sessions[0].engine.output("left/handed")
        output.listen(0, lambda record: told.append((record.online, record.soc)))
        await asyncio.sleep(0.2)
        flow.write_text(text.replace("number: 1", "number: 2"))
        sessions[0].reload()

    await run([flow], Options(watch=False, seconds=0.6), [change])
    news = [record for record, before in zip(told, [None, *told], strict=False) if record != before]
    assert news[:3] == [(None, 1.0), (False, None), (True, 2.0)]
    assert (None, 1.0) not in news[1:]


LOST = '''
from typing import Any
from flowctl import Latest

attempts = []

async def lost(values: Latest[Any]) -> None:
    """A sink that never finds its peer."""
    attempts.append(1)
    raise OSError("no route")
'''


async def test_a_sink_that_was_taken_out_tries_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.edges.PATIENCE", 0.1)
    monkeypatch.setattr("flowctl.live.tend.SHORTEST", 0.02)
    text = "flow: moves\nstreams:\n  meter: [beats]\n  there:\n    - from: meter\n    - out\n"
    more = text + "  away:\n    - from: meter\n    - lost\n"
    flow = build(tmp_path, more, beats=BEATS, lost=LOST)
    counts = list[int]()

    async def take_out(sessions: Sequence[Session]) -> None:
        attempts = sessions[0].engine.graph.steps["away/lost"].spec.function.__globals__["attempts"]
        await asyncio.sleep(0.1)
        flow.write_text(text)
        sessions[0].reload()
        for _ in range(2):
            await asyncio.sleep(0.3)
            counts.append(len(attempts))

    await run([flow], Options(watch=False, seconds=1.0), [take_out])
    assert counts[0] == counts[1] > 0


LEAVES = '''
from collections.abc import AsyncIterator
from flowctl import Watts

async def leaves() -> AsyncIterator[Watts]:
    """Would end the program."""
    yield 1.0
    raise SystemExit(3)
'''
HASTY = '''
from collections.abc import AsyncIterator
from flowctl import Watts

async def hasty() -> AsyncIterator[Watts]:
    """Says much, and waits for nothing."""
    for number in range(5000):
        yield float(number)
'''
PATIENT = '''
import asyncio
from collections.abc import AsyncIterator
from flowctl import Watts

async def patient() -> AsyncIterator[Watts]:
    """Lets others go first."""
    while True:
        await asyncio.sleep(0)
        yield -1.0
'''


async def test_a_node_that_would_end_the_program_ends_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flow = "flow: it\nstreams:\n  meter: [src]\n  other: [leaves]\n"
    path = build(tmp_path, flow, leaves=LEAVES)
    await run([path], Options(watch=False, seconds=0.2))
    assert "other is away: sys.exit(3)" in caplog.text


async def test_a_source_that_never_waits_leaves_the_others_their_turn(tmp_path: Path) -> None:
    flow = "flow: it\nstreams:\n  slow: [patient]\n  quick: [hasty]\n"
    said: list[float] = []

    async def watch(sessions: Sequence[Session]) -> None:
        for name in ("slow/patient", "quick/hasty"):
            sessions[0].engine.output(name).listen(0, said.append)

    path = build(tmp_path, flow, hasty=HASTY, patient=PATIENT)
    await run([path], Options(watch=False, seconds=0.5), [watch])
    assert said.index(-1.0) < said.index(4999.0)


ODD = '''
from collections.abc import AsyncIterator
from flowctl import Battery, Latest, Release, Watts

async def odd(setpoint: Latest[Watts | Release]) -> AsyncIterator[Battery]:
    """Tells what is no battery, and then what is one."""
    yield "full"
    yield Battery(soc=50.0)
    async for _ in setpoint:
        pass
'''


async def test_what_a_device_tells_that_is_no_battery_goes_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Battery] = []

    async def watch(sessions: Sequence[Session]) -> None:
        sessions[0].engine.output("left/odd").listen(0, told.append)

    flow = FLOW.replace("- note: {file: FILE}", "- odd").replace("[ten]", "[src]")
    await run([build(tmp_path, flow, odd=ODD)], Options(watch=False, seconds=0.2), [watch])
    assert [record.soc for record in told] == [50.0]
    assert "left/odd: said 'full', Battery is promised" in caplog.text
    assert "away" not in caplog.text
