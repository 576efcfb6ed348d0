"""A battery that is left to somebody else stays his: over restarts, rebuilds and a kill."""

import logging
import math
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from flowctl import Battery, Store
from flowctl.language.check import load
from flowctl.live import edges
from flowctl.live.release import release
from flowctl.live.reload import replace
from flowctl.live.storage import Storage
from flowctl.testing import Bench
from flowctl.virtual.clock import START
from nodes.sim.marstek_udp_server import serve
from tests.nodes.venus import Cell

FLOW = """
flow: stays
streams:
  meter: [tick: 1s]
  left:
    - from: meter
    - map: '1000.0'
    - marstek_udp: {host: "HOST", on_override: "yield", stay_away: 60s}
"""


class Kept:
    """What is kept of a flow between its runs, and how often it was written."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, object]] = {}
        self.saves: list[object] = []

    def __call__(self, step: str) -> Store:
        return Store(self.held.setdefault(step, {}), lambda _key, value: self.saves.append(value))


def begun(kept: Callable[[str], Store], at: float = 0.0, text: str = FLOW) -> Bench:
    return Bench(
        text.replace("HOST", "127.0.0.1"), stores=kept, start=START + timedelta(seconds=at)
    )


def yielded(kept: Callable[[str], Store], seconds: float = 10.0) -> Bench:
    """A run in which somebody set the battery at 5 s, and that many seconds passed since."""
    bench = begun(kept)
    bench.advance(5.0)
    bench.say("left", Battery(self_regulating=True, mode="Manual"))
    bench.advance(seconds)
    assert bench.heard("left")[-1] == (5.0, None)
    return bench


def first(bench: Bench) -> float | None:
    return next((at for at, watts in bench.heard("left") if watts is not None), None)


@pytest.mark.parametrize(("down", "taken"), [(5.0, 45.0), (44.0, 6.0), (100.0, 0.0)])
def test_a_restart_does_not_take_what_somebody_has_set(
    down: float, taken: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    kept = Kept()
    yielded(kept).close()
    assert len(kept.saves) == 1
    caplog.clear()
    with begun(kept, 15.0 + down) as bench:
        rest = [line for line in caplog.messages if "left alone for another" in line]
        assert rest == [f"it was set by somebody else: left alone for another {50 - down:g}s"] * (
            down < 50
        )
        bench.say("left", Battery(power=100.0))
        assert bench.stream("left")[-1][1].self_regulating is (True if down < 50 else None)
        bench.advance(70.0)
        assert first(bench) == taken
        assert kept.saves[1:] == [None]
    assert ("left alone for long enough: taken again" in caplog.messages) is (down < 50)


def test_a_step_built_anew_does_not_take_it_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    bench = yielded(Kept())
    text = FLOW.replace("HOST", "127.0.0.1").replace("stay_away", "resend: 3s, stay_away")
    replace(bench.engine, load(text))
    assert "it was set by somebody else: left alone for another 50s" in caplog.messages
    bench.advance(60.0)
    assert first(bench) == 65.0


def test_another_length_counts_from_when_it_began() -> None:
    """It is a term that a living step goes by at once."""
    bench = yielded(Kept())
    text = FLOW.replace("HOST", "127.0.0.1").replace("stay_away: 60s", "stay_away: 30s")
    replace(bench.engine, load(text))
    bench.advance(60.0)
    assert [at for at, watts in bench.heard("left") if watts is not None and at > 5][:1] == [35.0]


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ('on_override: "yield"', "on_override: retake", 0.0),
        ("stay_away: 60s", "stay_away: 20s", 10.0),
    ],
)
def test_the_terms_of_now_say_how_long(before: str, after: str, taken: float) -> None:
    kept = Kept()
    yielded(kept).close()
    with begun(kept, 15.0, FLOW.replace(before, after)) as bench:
        bench.advance(70.0)
        assert first(bench) == taken


@pytest.mark.parametrize("nonsense", ["soon", None, math.nan, math.inf, [1.0]])
def test_nonsense_that_was_kept_leaves_no_battery_alone(nonsense: object) -> None:
    kept = Kept()
    yielded(kept).close()
    for held in kept.held.values():
        held.update(dict.fromkeys(held, nonsense))
    with begun(kept, 15.0) as bench:
        assert first(bench) == 0.0


def test_a_clock_that_was_set_back_makes_no_stay_longer() -> None:
    kept = Kept()
    yielded(kept).close()
    with begun(kept, -1e6) as bench:
        bench.advance(70.0)
        assert first(bench) == 60.0


@pytest.mark.parametrize(("all_", "mode"), [(False, "Manual"), (True, "Auto")])
async def test_after_a_kill_it_is_left_alone_too_but_not_by_who_wants_all_back(
    all_: bool, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edges, "PATIENCE", 5.0)
    async with serve(Cell()) as venus:
        venus.battery.mode = "Manual"
        graph = load(FLOW.replace("HOST", f"127.0.0.1:{venus.port}").replace("60s", "1d"))
        with Storage(tmp_path) as storage:
            storage.store("stays:left/marstek_udp:stay")["left since"] = time.time()
            assert await release([graph], storage, all_=all_) == []
            assert bool(storage.store("stays:left/marstek_udp:stay")) is not all_
        assert venus.mode == mode
