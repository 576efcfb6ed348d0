"""What the README shows is true: its flow, its node, its commands."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowctl import commands
from flowctl.language.check import load
from flowctl.recordings.recording import read
from flowctl.signature.arguments import parse
from nodes.sim.plant_file import read_plant
from nodes.sim.ports import doors

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIVE = ("run", "tap", "top")  # wait for a Ctrl-C, or want a flow that runs
MAIN = "import sys; from flowctl.cli import main; sys.argv[0] = 'flowctl'; main()"


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def calls() -> list[list[str]]:
    """Every call of flowctl in a shell snippet, as words."""
    lines = "\n".join(snippets("sh")).splitlines()
    parts = [part.strip() for line in lines for part in line.split("&&")]
    words = [shlex.split(part.partition(" > ")[0], comments=True) for part in parts]
    return [word[1:] for word in words if word and word[0].endswith("flowctl")]


def flowctl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", MAIN, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_flow_shown_is_the_flow_shipped():
    shown = [text for text in snippets("yaml") if text.startswith("flow:")]
    assert shown == [(ROOT / "flows" / "home.yaml").read_text(encoding="utf-8")]


def test_the_node_shown_passes_the_test_shown(tmp_path):
    assert flowctl(tmp_path, "new", "node", "gentle").returncode == 0
    for file, text in zip(
        ("nodes/gentle.py", "tests/test_gentle.py"), snippets("python"), strict=True
    ):
        assert f"`{file}`" in README
        assert (tmp_path / file).exists()
        (tmp_path / file).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_the_row_shown_is_a_row_of_a_recording(tmp_path):
    file = tmp_path / "day.jsonl"
    file.write_text(re.search(r'`(\{"t": .*?\})`', README)[1])
    assert list(read(file)) == [(1793000000.25, "meter", -321.5)]


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_every_call_shown_can_be_typed(words):
    name, *more = words
    parse(commands.command(name), f"flowctl {name}", more)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A folder in which what the README shows can be done: flows, a recorded day, a trace."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copytree(ROOT / "flows", folder / "flows")
    shutil.copy(ROOT / "tests" / "recordings" / "home.evening.jsonl.gz", folder / "day.jsonl.gz")
    rows = "".join(f"{second},{300 + second // 20 * 500}\n" for second in range(60))
    (folder / "trace.csv").write_text(f"time,load_w\n{rows}")
    return folder


@pytest.mark.parametrize("words", [one for one in calls() if one[0] not in LIVE], ids=" ".join)
def test_every_call_shown_that_needs_no_network_does_what_it_should(words, house):
    done = flowctl(house, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert "no tests" not in done.stdout


def test_the_second_house_shown_has_its_addresses_where_the_flow_looks(house):
    flow = (ROOT / "flows" / "home.yaml").read_text(encoding="utf-8")
    flow = flow.replace("flow: home", "flow: second")
    copy = house / "flows" / "second.yaml"
    copy.write_text(flow.replace("two-batteries.yaml}", "two-batteries.yaml, port_offset: 1000}"))
    (house / "flows" / ".env").write_text(snippets("ini")[0])
    graph = load(copy, env={})
    (house / "flows" / ".env").unlink()
    simulated = graph.steps["house/simulated_house"].settings
    ports = {name: port for name, port in simulated.items() if name.endswith("_port")}
    where = doors(read_plant(simulated["plant"]), ports, simulated["port_offset"])
    told = {"meter": "meter/homewizard_p1", "left": "left/marstek_modbus"}
    told |= {"right": "right/marstek_udp"}
    looked = {name: graph.steps[step].settings["host"] for name, step in told.items()}
    looked["broker"] = repr(graph.steps["report/mqtt_out"].settings["broker"])[len("mqtt://") :]
    assert {door.name: door.address for door in where} == looked


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
