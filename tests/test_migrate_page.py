"""docs/migrate.md and its pages: links lead somewhere, commands can be typed, images be built."""

import re
import shlex
import shutil
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from flowctl.commands.import_ import import_
from flowctl.language.check import load
from flowctl.signature.arguments import parse
from flowctl.start.importing import names, table

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ENTRY = DOCS / "migrate.md"
PAGES = [ENTRY, *sorted((DOCS / "migrate").glob("*.md"))]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def imports(text: str) -> list[list[str]]:
    """Every `flowctl import ...` of a page, as words."""
    shown = re.findall(r"flowctl import ((?:env|ini|yaml|python) [^`\n]*)", text)
    return [shlex.split(one) for one in shown]


@each_page
def test_every_link_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_every_import_shown_can_be_typed(page):
    for words in imports(page.read_text(encoding="utf-8")):
        told = parse(import_, "flowctl import", words)
        assert told["form"] in table(told["for_"])["formats"]
        assert told.get("into") in (None, Path(f"{told['for_']}.yaml"))


def test_there_is_a_page_for_each_program_and_the_readme_leads_to_it():
    entry = ENTRY.read_text(encoding="utf-8")
    for name in names():
        assert f"(migrate/{name}.md)" in entry
        assert f"--for {name}`" in entry
        assert table(name)["program"] in entry
        assert (ROOT / "flows" / f"{name}.yaml").exists()
        page = (DOCS / "migrate" / f"{name}.md").read_text(encoding="utf-8")
        assert "(../migrate.md)" in page
        assert imports(page)
    assert "(docs/migrate.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


@each_page
def test_what_is_composed_is_built_from_a_clone_and_runs_a_flow_of_ours(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(services:.*?)```", text, re.DOTALL):
        service, *others = yaml.safe_load(block)["services"].values()
        if others:  # those of others, for graphs
            continue
        [flow] = re.fullmatch(r"flowctl run /flows/([\w-]+\.yaml)", service["command"]).groups()
        assert (ROOT / "flows" / flow).exists()
        assert service["build"] == "../flowctl"
        assert service["volumes"] == ["./:/flows"]


def test_what_the_image_is_made_of_is_there():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {f"!{name}" for name in copied} <= set(ignored)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = re.search(r'"/src\[([\w,]+)\]"', "\n".join(lines))[1].split(",")
    assert [extra for extra in extras if f"\n{extra} = [" not in project] == []
    assert {line.split()[0] for line in lines if line and line[0] not in "# "} == {
        "FROM", "COPY", "RUN", "ENV", "WORKDIR", "CMD",
    }  # fmt: skip


@each_page
def test_every_unit_file_is_one(page):
    for block in re.findall(r"```ini\n(\[Unit\].*?)```", page.read_text("utf-8"), re.DOTALL):
        unit = ConfigParser()
        unit.read_string(block)
        assert unit["Service"]["ExecStart"].split()[1] == "run"


def test_the_graphs_shown_are_those_of_the_flow():
    text = ENTRY.read_text(encoding="utf-8")
    [streams] = re.findall(r"```yaml\n(  metrics: .*?)```", text, re.DOTALL)
    flow = (ROOT / "flows" / "b2500.yaml").read_text(encoding="utf-8") + streams
    steps = load(flow, env={}).steps
    port = steps["metrics/prometheus"].settings.get("port", 9464)
    [scrape] = re.findall(r"```yaml\n(scrape_configs:.*?)```", text, re.DOTALL)
    [job] = yaml.safe_load(scrape)["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{port}"]}]
    [graphs] = [
        yaml.safe_load(block)
        for block in re.findall(r"```yaml\n(services:.*?)```", text, re.DOTALL)
        if "grafana" in block
    ]
    assert {service["network_mode"] for service in graphs["services"].values()} == {"host"}
    assert set(graphs["volumes"]) == {"grafana"}


DEMOS = [flow for flow in sorted((ROOT / "flows").glob("*.yaml")) if "# demo:" in flow.read_text()]


@pytest.mark.parametrize("flow", DEMOS, ids=lambda flow: flow.stem)
def test_the_house_to_try_a_flow_in_comes_along_as_the_page_says(flow, tmp_path):
    shutil.copytree(ROOT / "flows" / "plants", tmp_path / "plants")
    text = flow.read_text().replace("  # demo:", "  demo:")
    (tmp_path / flow.name).write_text(
        text.replace("  #   - simulated_house", "    - simulated_house")
    )
    graph = load(tmp_path / flow.name, env={})
    plant = graph.steps["demo/simulated_house"].settings["plant"]
    assert (tmp_path / plant).exists()
    page = (DOCS / "migrate" / f"{flow.stem}.md").read_text(encoding="utf-8")
    assert "copy `flows/plants` beside the flow" in page
