"""Flows while they run: their files change, their clocks are set, several run side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flowctl import Battery, FlowError
from flowctl.language.check import load
from flowctl.language.law import law
from flowctl.live.clock import LiveClock
from flowctl.live.control import is_answered, listening
from flowctl.live.guarding import Guarding
from flowctl.live.run import run
from flowctl.live.session import Options, Session
from flowctl.live.storage import Storage
from flowctl.recordings.opening import opening
from flowctl.recordings.recording import LAW, Recorder, header, read
from flowctl.telling.glance import Looker
from tests.house import build

BEATS = '''
from collections.abc import AsyncIterator
from flowctl import Watts, ticks

async def beats() -> AsyncIterator[Watts]:
    """Ten watts, often."""
    async for _ in ticks(0.02):
        yield 10.0
'''
TIMES = '''
from typing import Annotated
from flowctl import Observable

KNOWN = {"one": 1.0, "two": 2.0}

def times(
    values: Observable[float], *, factor: Annotated[str, "which"] = "one"
) -> Observable[float]:
    """So many times the value."""
    known = KNOWN[factor]
    return values.map(lambda value: known * value)
'''
FLOW = """
flow: NAME
streams:
  meter: [beats]
  much:
    - from: meter
    - times: {factor: "${FACTOR:-one}"}
    - out
"""
MORE = """
  sun: [beats]
  roof:
    - from: sun
    - out
"""
ODD = """
  odd: [oddities]
"""
ODDITIES = '''
from collections.abc import AsyncIterator
from typing import Any
from flowctl import ticks

async def oddities() -> AsyncIterator[Any]:
    """Ten of something, often."""
    async for _ in ticks(0.02):
        yield 10.0
'''
BATTERY = """
  left:
    - from: meter
    - bat
"""
UNTIL = 10.0  # s; a change of a file is noticed after a few tenths


def write(folder: Path, name: str, more: str = "") -> Path:
    build(folder, "", beats=BEATS, times=TIMES, oddities=ODDITIES).unlink()
    path = folder / f"{name}.yaml"
    path.write_text(FLOW.replace("NAME", name) + more)
    return path


async def live(
    flows: Sequence[Path], do: Callable[[Sequence[Session]], Awaitable[None]], **options: object
) -> None:
    """Run flows until something has been done with them; what it raises is raised here."""
    failed = list[BaseException]()

    async def act(sessions: Sequence[Session]) -> None:
        try:
            async with asyncio.timeout(UNTIL):
                await do(sessions)
        except BaseException as error:  # noqa: BLE001 - a run hides what goes wrong beside it
            failed.append(error)
        for session in sessions:
            session.engine.completed()

    await run(flows, Options(**options), [act])  # type: ignore[arg-type]
    if failed:
        raise failed[0]


async def says(session: Session, value: float) -> None:
    while session.engine.output("much/times").last != value:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def test_a_file_that_flows_share_is_read_anew_by_each(tmp_path: Path) -> None:
    flows = [write(tmp_path, "one"), write(tmp_path, "two")]
    (tmp_path / ".env").write_text("FACTOR=one\n")

    async def change(sessions: Sequence[Session]) -> None:
        await asyncio.sleep(0.3)  # until somebody watches
        (tmp_path / ".env").write_text("FACTOR=two\n")
        for session in sessions:
            await says(session, 20.0)

    await live(flows, change)


async def test_a_flow_is_read_anew_though_it_was_named_by_a_path_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = write(tmp_path, "one")
    monkeypatch.chdir(tmp_path)

    async def change(sessions: Sequence[Session]) -> None:
        await asyncio.sleep(0.3)
        flow.write_text(flow.read_text().replace("${FACTOR:-one}", "two"))
        await says(sessions[0], 20.0)
        (tmp_path / ".env").write_text("FACTOR=one\n")  # there was none
        flow.write_text(flow.read_text().replace('"two"', '"${FACTOR:-two}"'))
        await says(sessions[0], 10.0)

    await live([Path("one.yaml")], change)


async def test_a_change_before_anybody_watches_is_seen_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.watch.LOOK", 0.2)
    flow = write(tmp_path, "one")

    async def change(sessions: Sequence[Session]) -> None:
        flow.write_text(flow.read_text().replace("${FACTOR:-one}", "two"))
        await says(sessions[0], 20.0)

    await live([flow], change)


async def test_a_system_that_tells_of_no_change_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("flowctl.live.watch.LOOK", 0.05)
    monkeypatch.setattr("watchfiles.awatch", full)
    flow = write(tmp_path, "one")

    async def change(sessions: Sequence[Session]) -> None:
        for factor, watts in (("two", 20.0), ("one", 10.0)):
            await asyncio.sleep(0.1)
            flow.write_text(FLOW.replace("NAME", "one").replace("${FACTOR:-one}", factor))
            await says(sessions[0], watts)

    await live([flow], change)
    assert "watch limit reached" in caplog.text


async def test_a_new_name_waits_for_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flow = write(tmp_path, "one")

    async def change(sessions: Sequence[Session]) -> None:
        flow.write_text(flow.read_text().replace("flow: one", "flow: other"))
        sessions[0].reload()
        sessions[0].reload()

    await live([flow], change, watch=False)
    assert caplog.text.count("it is called 'other' from its next start on") == 1


async def test_a_node_that_cannot_be_built_ends_no_watching(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flow = write(tmp_path, "one")
    text = flow.read_text()

    async def change(sessions: Sequence[Session]) -> None:
        await asyncio.sleep(0.3)
        flow.write_text(text.replace("${FACTOR:-one}", "three"))
        while "three" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert sessions[0].engine.output("much/times").last == 10.0
        flow.write_text(text.replace("${FACTOR:-one}", "two"))
        await says(sessions[0], 20.0)

    await live([flow], change)
    assert "much/times: failed at its start: KeyError: 'three'" in caplog.text


async def test_a_reload_that_fails_oddly_ends_no_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def change(sessions: Sequence[Session]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("flowctl.live.session.load", lambda *_, **__: {}["odd"])
            assert sessions[0].reload() is None
        assert sessions[0].reload() is not None

    await live([write(tmp_path, "one")], change, watch=False)
    assert "not reloaded" in caplog.text


async def test_what_is_odd_in_a_flow_is_said_each_time_it_is_new(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = "nobody reads the stream 'idle'; end it in a sink or a device, or remove it"
    flow = write(tmp_path, "one", "\n  idle:\n    - from: meter\n    - delay: 5s\n")

    async def change(sessions: Sequence[Session]) -> None:
        assert caplog.text.count(told) == 1
        sessions[0].reload()
        assert caplog.text.count(told) == 1
        text = flow.read_text()
        flow.write_text(text.replace("  idle:", "  loose:"))
        sessions[0].reload()
        assert caplog.text.count("nobody reads the stream 'loose'") == 1

    await live([flow], change, watch=False)


async def test_two_flows_of_one_name_would_share_their_state(tmp_path: Path) -> None:
    first, second = write(tmp_path, "one"), tmp_path / "copy.yaml"
    second.write_text(first.read_text())
    with pytest.raises(FlowError, match="two flows are called 'one'"):
        await run([first, second], Options(watch=False))


async def test_two_flows_do_not_steer_one_battery(tmp_path: Path) -> None:
    left = "\n  left:\n    - from: meter\n    - marstek_modbus: {host: HOST}\n"
    first = write(tmp_path, "one", left.replace("HOST", "localhost:5"))
    second = write(tmp_path, "two", left.replace("HOST", '"127.0.0.1", port: 5'))
    with pytest.raises(FlowError, match="the same device as left/marstek_modbus of flow 'one'"):
        await run([first, second], Options(watch=False))
    await run([first, second], Options(watch=False, shadow=True, seconds=0.05))


async def test_two_flows_are_not_recorded_into_one_file(tmp_path: Path) -> None:
    flows = [write(tmp_path, "one"), write(tmp_path, "two")]
    with pytest.raises(FlowError, match="a recording holds one flow"):
        await run(flows, Options(watch=False, record=tmp_path / "day.jsonl.gz"))


async def test_a_flow_runs_once_but_can_be_looked_at_beside(tmp_path: Path) -> None:
    flow, state = write(tmp_path, "one", BATTERY), tmp_path / "state"
    look = Options(watch=False, state=state, shadow=True, seconds=0.05)

    async def again(_: Sequence[Session]) -> None:
        while not is_answered(state, "one"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        with pytest.raises(FlowError, match="'one' is running already"):
            await run([flow], Options(watch=False, state=state))
        await run([flow], look, [listening(state)])
        done.append(is_answered(state, "one"))

    done = list[bool]()
    steer = Options(watch=False, state=state, seconds=1.0)
    for _ in range(2):
        await run([flow], steer, [listening(state), again])
    assert done == [True, True]


async def test_a_state_folder_that_cannot_be_had_stops_no_house(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    options = Options(watch=False, state=tmp_path / "state", seconds=0.1)
    (session,) = await run([write(tmp_path, "one", BATTERY)], options)
    assert session.engine.output("meter/beats").count > 0


async def test_who_steers_takes_the_socket_from_who_looks_on(tmp_path: Path) -> None:
    flow, state = write(tmp_path, "one"), tmp_path / "state"
    serve, done = [listening(state)], list[bool]()
    shadow = Options(watch=False, state=state, shadow=True, seconds=0.4)
    look = asyncio.create_task(run([flow], shadow, serve))
    await asyncio.sleep(0.2)

    async def after(_: Sequence[Session]) -> None:
        await look
        done.append(is_answered(state, "one"))

    await run([flow], Options(watch=False, state=state, seconds=1.0), [*serve, after])
    assert done == [True]


async def test_a_stream_that_comes_back_is_recorded_again(tmp_path: Path) -> None:
    flow, file = write(tmp_path, "one", MORE), tmp_path / "day.jsonl"
    back = list[float]()

    async def change(sessions: Sequence[Session]) -> None:
        whole = flow.read_text()
        for text in (whole.replace(MORE, ""), whole):
            flow.write_text(text)
            assert sessions[0].reload()
        back.append(sessions[0].engine.clock.wall().timestamp())
        await asyncio.sleep(0.2)

    await live([flow], change, watch=False, record=file)
    assert {stream for t, stream, _ in read(file) if t > back[0]} == {"meter", "sun"}


async def test_a_recording_follows_a_clock_that_is_set_forward_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow, file = write(tmp_path, "one"), tmp_path / "day.jsonl"
    noon, right = datetime(2026, 1, 1, 12, tzinfo=UTC), timedelta(hours=5)

    async def change(_: Sequence[Session]) -> None:
        for shift in (right, right - timedelta(hours=1)):
            await asyncio.sleep(0.1)
            shown[0] = shift
        await asyncio.sleep(0.1)

    shown = [timedelta(0)]
    monkeypatch.setattr(LiveClock, "wall", lambda clock: noon + shown[0] + _gone(clock))
    await live([flow], change, watch=False, record=file)
    times = [t - noon.timestamp() for t, *_ in read(file)]
    assert times == sorted(times)
    assert times[0] < 1
    assert 5 * 3600 < times[-1] < 5 * 3600 + 60


def _gone(clock: LiveClock) -> timedelta:
    return timedelta(seconds=clock.time())


async def test_what_cannot_be_written_down_leaves_a_gap_in_a_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flow, file = write(tmp_path, "one", ODD), tmp_path / "day.jsonl"

    async def change(sessions: Sequence[Session]) -> None:
        for value in ({1.0}, {2.0}, 3.0):
            sessions[0].engine.output("odd/oddities").emit(value)

    await live([flow], change, watch=False, record=file)
    assert 3.0 in [value for _, stream, value in read(file) if stream == "odd"]
    told = [line for line in caplog.messages if "record" in line]
    assert told == ["odd is recorded with gaps: a set cannot be recorded"]


async def test_a_full_disk_at_the_end_is_told_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    close = Recorder.close

    def full(recorder: Recorder) -> None:
        close(recorder)
        raise OSError(28, "No space left on device")

    async def change(_: Sequence[Session]) -> None:
        monkeypatch.setattr(Recorder, "close", full)

    await live([write(tmp_path, "one")], change, watch=False, record=tmp_path / "day.jsonl")
    assert "recording ends: No space left on device; the flow runs on" in caplog.text


async def test_a_view_hears_of_a_battery_that_a_reload_brings(tmp_path: Path) -> None:
    flow = write(tmp_path, "one")

    async def change(sessions: Sequence[Session]) -> None:
        looker = Looker(sessions[0].engine)
        for text in (flow.read_text() + BATTERY, flow.read_text(), flow.read_text() + BATTERY):
            flow.write_text(text)
            sessions[0].reload()
            looker.look()
        sessions[0].engine.output("left/bat").emit(Battery(soc=55.0))
        assert [(one.name, one.soc) for one in looker.look().batteries] == [("left", 55.0)]

    await live([flow], change, watch=False)


async def test_a_view_forgets_what_a_battery_said_before_a_reload(tmp_path: Path) -> None:
    flow = write(tmp_path, "one")
    without, with_it = flow.read_text(), flow.read_text() + BATTERY

    async def change(sessions: Sequence[Session]) -> None:
        def load(text: str) -> None:
            flow.write_text(text)
            sessions[0].reload()

        def say(record: Battery) -> None:
            sessions[0].engine.output("left/bat").emit(record)

        looker = Looker(sessions[0].engine)
        load(with_it)
        looker.look()
        say(Battery(power=1311.0, soc=55.0))
        assert [one.power for one in looker.look().batteries] == [1311.0]
        load(without)
        load(with_it)
        say(Battery(online=False))
        assert [(one.power, one.note) for one in looker.look().batteries] == [(None, "away")]

    await live([flow], change, watch=False)


SLOW = '''
import asyncio
from collections.abc import AsyncIterator
from flowctl import Battery, Latest, Release, Watts

async def slow(setpoint: Latest[Watts | Release]) -> AsyncIterator[Battery]:
    """Takes its time to be given back."""
    async for watts in setpoint:
        if isinstance(watts, Release):
            await asyncio.sleep(0.5)
        yield Battery(setpoint=0.0)
'''


async def test_what_devices_tell_once_they_are_given_back_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowctl.live.meeting.PATIENCE", 0.0)
    flow = write(tmp_path, "one", "\n  left:\n    - from: meter\n    - slow\n")
    text = SLOW.replace("0.5", "0.05").replace(
        "setpoint=0.0", "soc=100.0 * isinstance(watts, Release)"
    )
    (tmp_path / "nodes" / "slow.py").write_text(text)
    await run([flow], Options(watch=False, seconds=0.3, record=tmp_path / "day.jsonl"))
    assert {v["soc"] for _, name, v in read(tmp_path / "day.jsonl") if name == "left"} == {0.0}


async def test_the_guardian_is_told_of_life_until_every_battery_is_given_back(
    tmp_path: Path,
) -> None:
    beats = list[float]()

    class Guard(Guarding):
        async def beating(self, sessions: Sequence[Session]) -> None:
            while True:
                beats.append(asyncio.get_running_loop().time())
                await asyncio.sleep(0.05)

    flow = write(tmp_path, "one", "\n  left:\n    - from: meter\n    - slow\n")
    (tmp_path / "nodes" / "slow.py").write_text(SLOW)
    began = asyncio.get_running_loop().time()
    await run([flow], Options(watch=False, seconds=0.3), guard=Guard((), (), wanted=False))
    assert beats[-1] - began > 0.6


BEGINS = """
  left:
    - from: much/times
    - bat: {write_every: 20ms}
"""


@pytest.mark.parametrize(("patience", "shadow"), [(0.0, False), (9.0, False), (0.0, True)])
async def test_a_recording_holds_how_it_began_and_what_batteries_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: float, shadow: bool
) -> None:
    """What was decided before all batteries were heard is never given, and is not recorded."""
    monkeypatch.setattr("flowctl.live.meeting.PATIENCE", patience)
    flow, file = write(tmp_path, "one", BEGINS), tmp_path / "day.jsonl"
    await run([flow], Options(watch=False, seconds=0.3, record=file, shadow=shadow))
    rows, began = list(read(file)), opening(header(file))
    given = [value for _, stream, value in rows if stream == "left/in"]
    assert set(given) == (set() if patience or shadow else {10.0})
    assert began.began is not None
    assert 0 <= rows[0][0] - began.began < 0.3
    assert (began.watched, began.law) == (shadow, law(load(flow)))


async def test_a_recording_holds_what_was_learned_before_and_when_the_flow_changed(
    tmp_path: Path,
) -> None:
    flow, file = write(tmp_path, "one", BEGINS + "  n: [{from: meter}, count]\n"), tmp_path / "day"
    before = law(load(flow))

    async def change(sessions: Sequence[Session]) -> None:
        flow.write_text(flow.read_text().replace("20ms", "30ms"))
        assert sessions[0].reload()

    with Storage(tmp_path / "state") as storage:
        storage.store("one:n/count")["count"] = 41.0
        storage.store("one:left/bat")["token"] = 1234.0
    await live([flow], change, watch=False, record=file, state=tmp_path / "state")
    assert opening(header(file)).kept == {"n/count": {"count": 41.0}}
    assert opening(header(file)).law == before
    assert [value for _, stream, value in read(file) if stream == LAW] == [law(load(flow))]
