"""The command line as a person uses it: real processes, a device that writes down what it hears."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowctl.live.guardian import MOST, RESTARTED
from flowctl.live.storage import LINGER
from tests.house import build

BEAT = '''
from collections.abc import AsyncIterator
from flowctl import Watts, ticks

async def beat() -> AsyncIterator[Watts]:
    """A reading every 20 ms."""
    async for _ in ticks(0.02):
        yield 5.0
'''
NOTE = '''
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated
from flowctl import Battery, Latest, Release, Terms, Watts

async def note(
    setpoint: Latest[Watts | Release],
    *,
    file: Annotated[str, "where to"],
    terms: Terms = Terms(lease=0.3, write_every=0.0),
) -> AsyncIterator[Battery]:
    """Writes down what it is told."""
    yield Battery(power=0.0)
    async for watts in setpoint:
        with Path(file).open("a") as out:
            out.write(f"{watts}\\n")
        yield Battery(setpoint=watts if isinstance(watts, float) else 0.0)
'''
KEEPS = (
    NOTE.replace("Release, Terms", "Release, Store, Terms")
    .replace("write_every=0.0),", "write_every=0.0),\n    store: Store,")
    .replace(
        "        with",
        """        if isinstance(watts, Release):
            watts = store.get("before", "nothing")
        else:
            store["before"] = "own-timers"
        with""",
    )
)
JAM = '''
import time
from flowctl import Observable, Watts

def jam(power: Observable[Watts]) -> Observable[Watts]:
    """Never returns from the sixtieth value."""
    said = []

    def pass_on(watts):
        said.append(watts)
        while len(said) == 60:
            time.sleep(0.01)
        return watts

    return power.map(pass_on)
'''
FLOW = """
flow: lived
vars:
  factor: 20
streams:
  meter: [beat]
  left:
    - from: meter
    - scale: "${factor}"
    - note: {file: FILE}
"""


class Lived:
    """A flow run by `flowctl run`, and what its device heard."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "told.txt"
        self.errors = folder / "errors.txt"
        self.flow = build(folder, FLOW.replace("FILE", str(self.file)), beat=BEAT, note=NOTE)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str, **env: str) -> None:
        with self.errors.open("w") as errors:  # a file: whoever is started again may hold it open
            self.process = subprocess.Popen(
                self.command("run", str(self.flow), *options),
                env={**os.environ, **env},
                stderr=errors,
            )

    def command(self, name: str, *options: str) -> list[str]:
        return [sys.executable, "-m", "flowctl", name, *options, "--state", str(self.folder)]

    def ask(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(name, *options), capture_output=True, text=True, check=False, timeout=30
        )

    def told(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []

    def end(self, number: int) -> str:
        assert self.process
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> str:
        assert self.process
        self.process.wait(timeout=30)
        return self.errors.read_text()


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Lived]:
    made = Lived(tmp_path)
    yield made
    if made.process and made.process.poll() is None:
        made.end(signal.SIGINT)


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Wait for something of another process, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds:g} s in vain")


def flowctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flowctl", *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_cleanly_and_releases(lived: Lived, number: int) -> None:
    lived.start()
    until(lambda: "100.0" in lived.told())
    errors = lived.end(number)
    assert lived.told()[-1] == "RELEASE"
    assert "Traceback" not in errors
    assert lived.process is not None
    assert lived.process.returncode == 0


@contextmanager
def ignoring(number: int) -> Iterator[None]:
    """What is started meanwhile is born with this signal ignored."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)


def test_a_script_that_started_it_behind_itself_can_interrupt_it(lived: Lived) -> None:
    with ignoring(signal.SIGINT):  # as a shell does for `command &` in a script
        lived.start()
    until(lambda: "100.0" in lived.told())
    lived.end(signal.SIGINT)
    assert lived.told()[-1] == "RELEASE"


def test_with_nohup_it_outlives_its_terminal(lived: Lived) -> None:
    with ignoring(signal.SIGHUP):
        lived.start()
    until(lambda: "100.0" in lived.told())
    assert lived.process
    lived.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert "RELEASE" not in lived.told()
    lived.end(signal.SIGTERM)
    assert lived.told()[-1] == "RELEASE"


def test_who_has_no_patience_with_a_stuck_flow_presses_twice(lived: Lived) -> None:
    (lived.folder / "nodes" / "jam.py").write_text(JAM)
    lived.flow.write_text(lived.flow.read_text().replace("    - note", "    - jam\n    - note"))
    lived.start()
    until(lambda: "100.0" in lived.told())
    time.sleep(1.0)
    assert lived.process
    lived.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    lived.end(signal.SIGINT)
    assert lived.process.returncode == 128 + signal.SIGINT
    until(lambda: lived.told()[-1] == "RELEASE")
    assert "started again" not in lived.errors.read_text()


def test_a_killed_engine_leaves_no_battery_forced(lived: Lived) -> None:
    lived.start(**{RESTARTED: str(MOST)})
    until(lambda: "100.0" in lived.told())
    lived.end(signal.SIGKILL)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_a_killed_engine_is_started_again(lived: Lived) -> None:
    lived.start()
    until(lambda: "100.0" in lived.told())
    lived.end(signal.SIGKILL)
    until(lambda: "RELEASE" in lived.told() and lived.told()[-1] == "100.0")
    answer = until(lambda: (a := lived.ask("top", "--json")).returncode == 0 and a)
    os.kill(json.loads(answer.stdout)["pid"], signal.SIGINT)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_a_battery_is_given_back_though_the_file_is_half_edited(lived: Lived) -> None:
    lived.start("--no-watch", **{RESTARTED: str(MOST)})
    until(lambda: "100.0" in lived.told())
    lived.flow.write_text("flow: li")
    lived.end(signal.SIGKILL)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_what_was_borrowed_is_given_back_though_the_file_names_it_no_more(lived: Lived) -> None:
    lived.start("--no-watch", **{RESTARTED: str(MOST)})
    until(lambda: "100.0" in lived.told())
    lived.flow.write_text("flow: lived\nstreams:\n  meter: [beat]\n")
    lived.end(signal.SIGKILL)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_a_battery_is_given_back_though_what_stands_beside_the_flow_is_broken(
    lived: Lived,
) -> None:
    environment = lived.folder / ".env"
    environment.write_text("FACTOR=20\n")
    lived.flow.write_text(lived.flow.read_text().replace("factor: 20", 'factor: "${FACTOR}"'))
    lived.start("--no-watch", **{RESTARTED: str(MOST)})
    until(lambda: "100.0" in lived.told())
    environment.write_text("FACTOR\n")
    (lived.folder / "nodes" / "beat.py").write_text("def (")
    lived.end(signal.SIGKILL)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_what_a_battery_went_by_before_is_known_when_it_is_given_back(lived: Lived) -> None:
    (lived.folder / "nodes" / "note.py").write_text(KEEPS)
    lived.start(**{RESTARTED: str(MOST)})
    until(lambda: "100.0" in lived.told())
    time.sleep(2 * LINGER)
    lived.end(signal.SIGKILL)
    until(lambda: lived.told()[-1] == "own-timers")


def test_a_faulty_flow_keeps_no_battery_of_another_waiting(lived: Lived) -> None:
    faulty = lived.folder / "faulty.yaml"
    faulty.write_text("flow: li")
    done = flowctl("release", str(faulty), str(lived.flow), "--state", str(lived.folder))
    assert lived.told() == ["RELEASE"]
    assert done.returncode == 2
    assert "faulty.yaml" in done.stderr


@pytest.mark.parametrize("options", [(), ("--accepted",)])
def test_a_flow_that_runs_is_not_given_back_under_its_feet(
    lived: Lived, options: tuple[str, ...]
) -> None:
    other, told = lived.folder / "other.yaml", lived.folder / "other.txt"
    other.write_text(FLOW.replace("FILE", str(told)).replace("flow: lived", "flow: other"))
    lived.start()
    until(lambda: "100.0" in lived.told())
    assert lived.process
    done = lived.ask("release", str(lived.flow), str(other), *options)
    assert done.returncode == 2
    assert f"'lived' is running already, as process {lived.process.pid}; end it" in done.stderr
    assert f"`kill {lived.process.pid}`" in done.stderr
    assert "RELEASE" not in lived.told()
    assert told.read_text().split() == ["RELEASE"]  # nobody else waits for it
    lived.end(signal.SIGTERM)
    assert lived.told()[-1] == "RELEASE"
    assert lived.ask("release", str(lived.flow), *options).returncode == 0


def test_one_that_the_guardian_started_again_is_named_by_its_own_number(lived: Lived) -> None:
    lived.start()
    until(lambda: "100.0" in lived.told())
    lived.end(signal.SIGKILL)
    until(lambda: "RELEASE" in lived.told() and lived.told()[-1] == "100.0")
    done = lived.ask("release", str(lived.flow))
    assert done.returncode == 2
    assert lived.told()[-1] == "100.0"
    (number,) = re.findall(r"`kill (\d+)`", done.stderr)
    os.kill(int(number), signal.SIGTERM)
    until(lambda: lived.told()[-1] == "RELEASE")


def test_a_running_flow_can_be_tapped_and_counted(lived: Lived) -> None:
    lived.start()
    until(lambda: "100.0" in lived.told())
    tapped = lived.ask("tap", "meter", "left/sc*", "--limit", "4", "--json")
    lines = [json.loads(line) for line in tapped.stdout.splitlines()]
    assert {(line["stream"], line["value"]) for line in lines} == {
        ("meter", 5.0),
        ("left/scale", 100.0),
    }
    counted = json.loads(lived.ask("top", "--json").stdout)["steps"]
    assert {row["step"]: row["node"] for row in counted}["left/note"] == "note"
    piped = lived.ask("top").stdout.splitlines()
    assert piped[0].split()[:2] == ["step", "said"]
    assert {line.split()[0] for line in piped[1:]} == {row["step"] for row in counted}
    for name, cure in (
        ("nothing", "streams are meter, left"),
        ("left/scal", "did you mean 'left/scale'?"),
        ("meterr", "did you mean 'meter'?"),
    ):
        missing = lived.ask("tap", name, "--limit", "1")
        assert missing.returncode == 2
        assert missing.stderr == f"no stream or step is called {name}; {cure}\n"


def test_a_changed_file_is_taken_over_and_a_faulty_one_is_not(lived: Lived) -> None:
    lived.start()
    until(lambda: "100.0" in lived.told())
    good = lived.flow.read_text()
    lived.flow.write_text(good.replace("- scale", "- scael"))
    time.sleep(0.3)
    lived.flow.write_text(good.replace("factor: 20", "factor: 40"))
    until(lambda: lived.told()[-1] == "200.0")
    errors = lived.end(signal.SIGINT)
    assert "RELEASE" not in lived.told()[:-1]
    assert "did you mean 'scale'" in errors


def test_a_run_can_be_recorded_and_replayed(lived: Lived, tmp_path: Path) -> None:
    recording = tmp_path / "day.jsonl.gz"
    lived.start("--record", str(recording), "--for", "1s")
    lived.wait()
    golden = tmp_path / "golden.jsonl"
    first = flowctl("replay", str(lived.flow), str(recording))
    assert first.returncode == 0, first.stderr
    assert {"meter", "left"} <= {json.loads(line)["stream"] for line in first.stdout.splitlines()}
    golden.write_text(first.stdout)
    again = flowctl("replay", str(lived.flow), str(recording), "--expect", str(golden))
    assert again.returncode == 0, again.stderr
    golden.write_text(first.stdout.replace("100.0", "101.0"))
    other = flowctl("replay", str(lived.flow), str(recording), "--expect", str(golden))
    assert other.returncode == 1


def test_shadow_reads_and_never_writes(lived: Lived) -> None:
    lived.start("--shadow", "--for", "500ms")
    errors = lived.wait()
    assert lived.told() == [], errors


def test_faults_are_shown_with_place_and_cure_and_exit_code_2(lived: Lived) -> None:
    lived.flow.write_text(lived.flow.read_text().replace("- scale", "- scael"))
    for words in (("check",), ("run",), ("graph",)):
        answer = flowctl(*words, str(lived.flow))
        assert answer.returncode == 2, words
        assert "flow.yaml:9:7" in answer.stderr
        assert "did you mean 'scale'" in answer.stderr
        assert "Traceback" not in answer.stderr
    told = json.loads(flowctl("check", str(lived.flow), "--json").stdout)
    assert (told[0]["line"], told[0]["code"]) == (9, "E201")


def test_a_missing_file_is_no_traceback(tmp_path: Path) -> None:
    for words in (("check", "none.yaml"), ("run", "none.yaml"), ("replay", "a.yaml", "b.jsonl")):
        answer = flowctl(*words)
        assert answer.returncode == 2
        assert "Traceback" not in answer.stderr


def test_every_command_has_help_with_an_example() -> None:
    listed = flowctl("--help").stdout
    for name in ("check", "run", "replay", "tap", "top", "graph", "nodes", "new", "test"):
        assert name in listed
        assert "Example: flowctl" in flowctl(name, "--help").stdout or name == "new"
