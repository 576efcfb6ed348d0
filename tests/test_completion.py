"""`flowctl completion`: what the shell offers, as it offers it."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from flowctl import commands
from flowctl.cli import call

ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
_shtab_flowctl
printf '%s\\n' "${COMPREPLY[@]}"
"""


@cache
def script(shell: str) -> str:
    command = [sys.executable, "-m", "flowctl", "completion", shell]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def offered(folder: Path, *words: str) -> list[str]:
    """Ask bash what it would offer for the last word."""
    file = folder / "flowctl.bash"
    file.write_text(script("bash"))
    asked = ["bash", "-c", ASK, "bash", str(file), *words]
    told = subprocess.run(asked, cwd=folder, capture_output=True, check=False, text=True)
    return told.stdout.split()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("flowctl", "re"), ["record", "release", "replay"]),
        (("flowctl", "run", "--sh"), ["--shadow"]),
        (("flowctl", "nodes", "clam"), ["clamp"]),
        (("flowctl", "new", "n"), ["node"]),
        (("flowctl", "check", "ho"), ["home.yaml"]),
        (("flowctl", "replay", "home.yaml", "d"), ["day.jsonl"]),
        (("flowctl", "nothing"), []),
    ],
)
def test_bash_offers_commands_options_nodes_and_files(tmp_path, words, wanted):
    for name in ("home.yaml", "day.jsonl"):
        (tmp_path / name).touch()
    assert offered(tmp_path, *words) == wanted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_knows_every_command_and_reads_the_script(shell, tmp_path):
    text = script(shell)
    assert [name for name in commands.known() if name not in text] == []
    if shutil.which(shell):
        file = tmp_path / "script"
        file.write_text(text)
        subprocess.run([shell, "-n", str(file)], check=True)


def test_another_shell_is_refused_with_those_there_are(capsys):
    assert call(["completion", "ksh"]) == 2
    assert "choose from" in capsys.readouterr().err


def test_nothing_else_pays_for_it():
    code = "import sys, flowctl.cli as c; c.call(['--help']); print('shtab' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert told.stdout.splitlines()[-1] == "False"
