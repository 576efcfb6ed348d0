"""What the README shows is true: its flow, its node, its commands."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from flowctl.recording import read

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAIN = "import sys; from flowctl.cli import main; sys.argv[0] = 'flowctl'; main()"


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def calls() -> list[list[str]]:
    """Every call of flowctl in a shell snippet, as words."""
    lines = "\n".join(snippets("sh")).splitlines()
    parts = [part.strip() for line in lines for part in line.split("&&")]
    words = [shlex.split(part, comments=True) for part in parts]
    return [word[1:] for word in words if word and word[0].endswith("flowctl")]


@cache
def help_of(command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", MAIN, command, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_flow_shown_is_the_flow_shipped():
    shown = [text for text in snippets("yaml") if text.startswith("flow:")]
    assert shown == [(ROOT / "flows" / "home.yaml").read_text(encoding="utf-8")]


def test_the_node_shown_passes_the_test_shown(tmp_path):
    file = tmp_path / "test_shown.py"
    file.write_text("\n\n".join(snippets("python")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_the_row_shown_is_a_row_of_a_recording(tmp_path):
    file = tmp_path / "day.jsonl"
    file.write_text(re.search(r'`(\{"t": .*?\})`', README)[1])
    assert list(read(file)) == [(1793000000.25, "meter", -321.5)]


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_every_call_shown_is_one_that_can_be_made(words):
    text = help_of(words[0])
    assert [word for word in words if word.startswith("--") and word not in text] == []


def test_the_files_shown_are_there():
    named = re.findall(r"(?:flows|docs)/[\w./-]*\w", README)
    assert [name for name in set(named) if not (ROOT / name).exists()] == []


def test_what_runs_on_a_server_is_what_a_reader_is_told_to_run():
    (told,) = re.findall(r"\.venv/bin/(python -m pytest.*)", README)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert f'"$venv/bin/python" {told.removeprefix("python ")}\n' in script
    for other in ("ruff check .", "ruff format --check .", "mypy"):
        assert other in README
        assert f"say {other!r}".replace("'", '"') in script
