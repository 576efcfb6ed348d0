"""Ctrl-C while flowctl starts: it comes just when something is imported."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.house import build

CTRL_C = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nprint('went on')\n"
NODE = '''
from collections.abc import AsyncIterator
from flowctl import Watts

async def early() -> AsyncIterator[Watts]:
    """Nothing."""
    yield 5.0
'''
PROGRAMS = {
    "module": [sys.executable, "-m", "flowctl"],
    "script": [str(Path(sys.executable).parent / "flowctl")],
}


def ended(folder: Path, program: list[str], *words: str) -> tuple[int, str, str]:
    """Run it with what lies in a folder before all else, and return how that ended."""
    if not Path(program[0]).exists():
        pytest.skip("flowctl is not installed beside this Python")
    path = f"{folder}:{Path(__file__).parents[1]}"
    done = subprocess.run(
        [*program, *words],
        env={**os.environ, "PYTHONPATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("while_importing", ["annotated_types", "argparse", "yaml", "sqlite3"])
def test_a_ctrl_c_during_the_start_ends_it_without_a_word(
    tmp_path: Path, program: list[str], while_importing: str
) -> None:
    (tmp_path / f"{while_importing}.py").write_text(CTRL_C)
    flow = build(tmp_path, "flow: a\nstreams:\n  a: [tick: 1s]\n")
    state = str(tmp_path / "state")
    assert ended(tmp_path, program, "run", str(flow), "--state", state) == (130, "", "")


@pytest.mark.parametrize("command", ["run", "check", "graph"])
def test_a_ctrl_c_while_a_flow_is_read_ends_it_without_a_word(tmp_path: Path, command: str) -> None:
    node = NODE.replace("\n\nasync", "\n" + CTRL_C + "\nasync")
    flow = build(tmp_path, "flow: a\nstreams:\n  a: [early]\n", early=node)
    assert ended(tmp_path, PROGRAMS["module"], command, str(flow)) == (130, "", "")


def test_a_program_that_merely_uses_flowctl_keeps_its_own_ctrl_c(tmp_path: Path) -> None:
    own = "import signal; b = signal.getsignal(2); import flowctl; print(signal.getsignal(2) is b)"
    assert ended(tmp_path, [sys.executable, "-c", own]) == (0, "True\n", "")


def test_other_commands_may_put_something_in_order(tmp_path: Path) -> None:
    told = "import signal\nprint(signal.getsignal(signal.SIGINT).__name__)\n"
    flow = build(tmp_path, "flow: a\nstreams:\n  a: [early]\n", early=told + NODE)
    assert ended(tmp_path, PROGRAMS["module"], "check", str(flow))[1].startswith("default_int_")
    assert ended(tmp_path, PROGRAMS["module"], "run", str(flow), "--for", "0s")[1] == "_end\n"


def test_an_impatient_ctrl_c_during_a_sweep_is_not_answered_with_a_traceback(
    tmp_path: Path,
) -> None:
    root = Path(__file__).parents[1]
    words = ["--for", "3h", "--sweep", "reserve=10%,20%,30%", "--cache", str(tmp_path)]
    with subprocess.Popen(
        [*PROGRAMS["module"], "backtest", str(root / "flows" / "home.yaml"), *words],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as sweep:
        children = Path(f"/proc/{sweep.pid}/task/{sweep.pid}/children")
        if not children.exists():
            sweep.kill()
            pytest.skip("the system does not tell who is whose child")
        while sweep.poll() is None and len(children.read_text().split()) < 3:
            time.sleep(0.05)
        workers = children.read_text().split()
        for _ in range(2):
            os.killpg(sweep.pid, signal.SIGINT)
            time.sleep(0.005)
        assert (sweep.wait(30), sweep.stderr and sweep.stderr.read()) == (130, "")
    assert len(workers) >= 2
    until = time.monotonic() + 10
    while any(Path(f"/proc/{one}").exists() for one in workers):  # whoever tidies up goes last
        assert time.monotonic() < until
        time.sleep(0.05)
