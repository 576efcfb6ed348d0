"""The socket through which a running flow is watched."""

from pathlib import Path

import pytest

from flowctl.live.control import flow_at, listening, socket_path, tappable
from flowctl.live.run import run
from flowctl.live.session import Options
from flowctl.testing import Bench
from tests.house import build
from tests.test_cli import BEAT


async def test_a_folder_with_too_long_a_name_is_told_and_the_flow_runs_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = build(tmp_path, "flow: it\nstreams:\n  meter: [beat]\n", beat=BEAT)
    state = tmp_path / ("long" * 40)
    await run([path], Options(seconds=0.3, watch=False), [listening(state)])
    told = [record.getMessage() for record in caplog.records if "watched" in record.getMessage()]
    assert told == [f"it cannot be watched at {state}/run/it.sock: AF_UNIX path too long"]


@pytest.mark.parametrize("flow", ["home", "my house", "../../up", "a/b", "100%", "Küche.1"])
def test_whatever_a_flow_is_called_it_is_found_in_its_own_folder(tmp_path: Path, flow: str) -> None:
    path = socket_path(tmp_path, flow)
    assert path.parent == tmp_path / "run"
    assert flow_at(path) == flow


def test_of_a_stream_that_ends_in_a_sink_the_watcher_hears_what_goes_in() -> None:
    bench = Bench("streams:\n  beat: [tick: 1s, print]\n")
    known = tappable(bench.engine)
    assert known["beat"] == known["beat/print"] == "beat/in"
    assert known["beat/tick"] == "beat/tick"
    bench.advance(2)
    assert bench.stream(known["beat"]) == [(0, 0.0), (1, 1.0), (2, 2.0)]
