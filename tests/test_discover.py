"""`flowctl discover`: every installed finder at once, what they found, and why some could not."""

import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from flowctl import FlowError
from flowctl.cli import call
from flowctl.start import discover
from flowctl.start.discover import Search, finders, look


@dataclass
class It:
    what: str = "A meter"
    address: str = "10.0.0.2"
    step: str = "homewizard_p1: {host: 10.0.0.2}"
    about: str = "serial 7"


async def finds(search):
    return [It(), It("A longer name", "10.0.0.3:81", "", "")] if search.wait else []


async def fails(search):
    raise OSError(f"no network at {search.interface}")


@pytest.fixture
def installed(monkeypatch):
    there = {"good": finds, "bad": fails}
    entries = [
        SimpleNamespace(name=name, load=lambda found=found: found) for name, found in there.items()
    ]
    monkeypatch.setattr(discover, "entry_points", lambda group: entries)


def test_ours_are_installed():
    assert set(finders()) == {"homewizard", "marstek", "mqtt", "shelly"}


@pytest.mark.usefixtures("installed")
async def test_one_that_cannot_search_does_not_hinder_the_others():
    found, troubles = await look(Search(interface="x"), finders())
    assert [one.what for one in found] == ["A meter", "A longer name"]
    assert troubles == {"bad": "no network at x"}


@pytest.mark.usefixtures("installed")
def test_what_was_found_is_shown_with_its_step(capsys):
    assert call(["discover"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "A meter        10.0.0.2     serial 7",
        "    - homewizard_p1: {host: 10.0.0.2}",
        "A longer name  10.0.0.3:81",
    ]
    assert said.err == "flowctl: bad: no network at \n"


@pytest.mark.usefixtures("installed")
def test_programs_get_json(capsys):
    assert call(["discover", "good", "--json", "--wait", "1s"]) == 0
    assert json.loads(capsys.readouterr().out)[0] == vars(It())


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(("words", "code"), [(["good", "--wait", "0"], 0), (["bad"], 1)])
def test_nobody_found_is_no_failure_but_nobody_asked_is(words, code, capsys):
    assert call(["discover", *words]) == code
    assert ("nothing answered. Is this machine" in capsys.readouterr().out) == (code == 0)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["god"], "nobody looks for 'god'; did you mean 'good'?"),
        (["--wait", "3"], "--wait 3: 3 has"),
    ],
)
def test_wrong_words_are_told(words, said, capsys):
    assert call(["discover", *words]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("installed")
def test_a_finder_of_no_such_name_is_told():
    with pytest.raises(FlowError, match="nobody looks for 'xyz'; known: bad, good"):
        finders(["xyz"])


def test_an_address_that_cannot_be_read_is_no_traceback(capsys):
    assert call(["discover", "mqtt", "--broker", "/nope", "--wait", "0"]) == 2
    assert "the address of the MQTT broker cannot be read" in capsys.readouterr().err
