"""`flowctl completion`: what the shell offers, as it offers it."""

import shutil
import subprocess
import sys
from functools import cache

import pytest

from flowctl import commands
from flowctl.cli import call
from tests.shells import offered

ASKED = {
    "flowctl re|": {"record", "release", "replay"},
    "flowctl --v|": {"--version"},
    "flowctl run --sh|": {"--shadow"},
    "flowctl run home.yaml --sh|": {"--shadow"},
    "flowctl run --set |": set(),
    "flowctl run --record d|": {"day.jsonl"},
    "flowctl run |": {"day.jsonl", "flows", "home.yaml", "my house.yaml"},
    "flowctl run flows/sh|": {"flows/shed.yaml"},
    "flowctl run flows/shed.yaml h|": {"home.yaml"},
    "flowctl check --set a=1 ho|": {"home.yaml"},
    "flowctl replay home.yaml d|": {"day.jsonl"},
    "flowctl nodes clam|": {"clamp"},
    "flowctl nodes Batt|": {"Battery"},
    "flowctl new n|": {"node"},
    "flowctl new node gentle --kind s|": {"source", "sink"},
    "flowctl completion |": {"bash", "zsh", "fish"},
    "flowctl nothing x|": set(),
}
"""What is typed up to the `|`, and what it is completed to."""


@cache
def script(shell: str) -> str:
    command = [sys.executable, "-m", "flowctl", "completion", shell]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_real_shell_offers_commands_options_nodes_and_files(shell, tmp_path):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed (apt-get install {shell})")
    house, own = tmp_path / "house", tmp_path / "own"
    (house / "flows").mkdir(parents=True)
    own.mkdir()
    for name in ("home.yaml", "my house.yaml", "day.jsonl", "flows/shed.yaml"):
        (house / name).touch()
    told = offered(shell, script(shell), house, own, *ASKED)
    assert {line: set(words) for line, words in zip(ASKED, told, strict=True)} == ASKED


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_knows_every_command(shell):
    assert [name for name in commands.known() if name not in script(shell)] == []


def test_another_shell_is_refused_with_those_there_are(capsys):
    assert call(["completion", "ksh"]) == 2
    assert "choose from" in capsys.readouterr().err


def test_nothing_else_pays_for_it():
    code = "import sys, flowctl.cli as c; c.call(['--help']); print('shtab' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert told.stdout.splitlines()[-1] == "False"
