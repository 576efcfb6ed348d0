"""What docs/sources.md shows is true: its streams are without fault and read what it shows."""

import re
from pathlib import Path

import pytest
import yaml

from flowctl.language.check import load
from flowctl.language.library import Library
from nodes._helpers.payload import decoder

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
STREAMS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
PAIRS = re.findall(r"```json\n(.*?)\n```\n\n```yaml\n(.*?)```", PAGE, re.DOTALL)
VALUES = [-210.0, 412.0, -312.4, -312.4, 612.3, -98.7]


@pytest.mark.parametrize("streams", STREAMS)
def test_the_streams_shown_are_without_fault(streams):
    names = list(yaml.safe_load(streams)["streams"])
    sinks = "".join(f"  shown_{name}:\n    - from: {name}\n    - print:\n" for name in names)
    sinks = sinks if "homewizard_mode" not in streams else sinks.partition("  shown_word")[0]
    env = {"HOMEWIZARD_TOKEN": "0" * 32, "SHELLY_PASSWORD": "x"}
    assert load(f"flow: shown\n{streams}{sinks}", env=env).warnings == ()


@pytest.mark.parametrize(("pair", "value"), list(zip(PAIRS, VALUES, strict=True)))
def test_the_streams_shown_read_what_the_devices_say(pair, value):
    said, streams = pair
    ((first, *_),) = yaml.safe_load(streams)["streams"].values()
    ((_, settings),) = first.items()
    assert decoder("number", settings.get("field", ""))(said.encode()) == value


def test_the_nodes_named_are_there():
    named = re.findall(r"\| `(\w+)` \|$", PAGE, re.MULTILINE)
    assert len(named) > 8
    assert set(named) <= set(Library.beside().names())
