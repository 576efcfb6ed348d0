"""The small process beside the engine: real processes, in a hurry."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flowctl.engine.engine import Engine
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.live import guardian, guarding

ENGINE = """
import faulthandler, sys, time
from flowctl.live import guardian
faulthandler.register(guardian.TELL)
guardian.__file__ = sys.argv[1]
back, again = ([sys.executable, "-c", f"open({sys.argv[2] + end!r}, 'w')"] for end in ("", "2"))
mine = guardian.Guardian(back, again)
for word in sys.argv[3:]:
    getattr(mine, word)()
time.sleep(WAIT)
"""
HASTY = f"""
import sys
sys.path.append({str(Path(guardian.__file__).parent)!r})
import guardian
guardian.EVERY = 0.05
count = int(sys.argv[2])
guardian.watch(int(sys.argv[1]), sys.argv[3 : 3 + count], sys.argv[3 + count :])
"""


def lives(folder: Path, *words: str, seconds: float = 60.0) -> tuple[int, Path]:
    """Run an engine that says these words, then nothing; how it ends, and where a release shows."""
    hasty, given_back = folder / "hasty.py", folder / "given_back"
    hasty.write_text(HASTY)
    script = ENGINE.replace("WAIT", str(seconds))
    command = [sys.executable, "-c", script, str(hasty), str(given_back), *words]
    return subprocess.run(command, check=False, timeout=30).returncode, given_back


def until(what: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain"
        time.sleep(0.02)


def test_an_engine_that_is_stuck_is_killed_and_the_batteries_given_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended, given_back = lives(tmp_path, "beat")
    told = capfd.readouterr().err
    assert told.index("is where it is stuck") < told.index("in <module>")
    assert ended == -signal.SIGKILL
    until(given_back.with_name("given_back2").exists)
    assert given_back.exists()


def test_an_engine_that_ends_without_a_goodbye_has_its_batteries_given_back(tmp_path: Path) -> None:
    ended, given_back = lives(tmp_path, "beat", seconds=0.0)
    assert ended == 0
    until(given_back.exists)


def test_an_engine_that_was_asked_to_stop_is_not_started_again(tmp_path: Path) -> None:
    _, given_back = lives(tmp_path, "beat", "last", seconds=0.0)
    until(given_back.exists)
    time.sleep(0.2)
    assert not given_back.with_name("given_back2").exists()


def test_after_a_goodbye_nothing_is_done(tmp_path: Path) -> None:
    ended, given_back = lives(tmp_path, "beat", "beat", "bye", seconds=0.0)
    assert ended == 0
    assert not given_back.exists()


class Lived:
    """As much of a session as is guarded."""

    def __init__(self, text: str) -> None:
        self.engine = Engine.__new__(Engine)
        self.engine.graph = load(text)


BORROWS = """
streams:
  meter: [tick: 1s]
  left: [{from: meter}, {map: '0.0'}, {marstek_udp: 127.0.0.1}]
"""


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.setattr(guarding, "EVERY", 0.05)
    made = guarding.Guarding([sys.executable, "-c", ""], [], wanted=True)
    yield made
    made.end()


async def test_a_guardian_that_was_killed_is_replaced(guarded: Any) -> None:
    beating = asyncio.create_task(guarded.beating([Lived(BORROWS)]))
    await asyncio.sleep(0)
    first = guarded._guardian._process
    os.kill(first.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        while guarded._guardian is None or guarded._guardian._process is first:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    beating.cancel()


async def test_who_borrows_nothing_is_not_guarded_until_a_reload_brings_a_device(
    guarded: Any,
) -> None:
    session = Lived("streams:\n  meter: [tick: 1s]\n")
    beating = asyncio.create_task(guarded.beating([session]))
    await asyncio.sleep(0)
    assert guarded._guardian is None
    session.engine.graph = load(BORROWS)
    async with asyncio.timeout(20):
        while guarded._guardian is None:  # noqa: ASYNC110 - it is another one's doing
            await asyncio.sleep(0.02)
    beating.cancel()


@pytest.mark.parametrize(("error", "given_back"), [(FlowError, False), (RuntimeError, True)])
def test_who_ends_in_an_error_may_still_owe_what_was_borrowed(
    tmp_path: Path, error: type[Exception], given_back: bool
) -> None:
    told, again = tmp_path / "told", tmp_path / "again"
    back, start = ([sys.executable, "-c", f"open({str(file)!r}, 'w')"] for file in (told, again))
    with (
        pytest.raises(error),
        guarding.guarding(back, start, wanted=True) as guard,
    ):
        guard.start([Lived(BORROWS)])
        raise error("something")
    assert told.exists() is given_back
    assert not again.exists()
