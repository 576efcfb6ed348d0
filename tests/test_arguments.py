"""What is typed behind a command, and how it reaches the function."""

from pathlib import Path
from typing import Annotated, Literal

import pytest

from flowctl.faults import FlowError
from flowctl.signature.arguments import parse
from tests.typed import typed


def command(
    flow: Annotated[Path, "flow file"],
    others: Annotated[list[str] | None, "10 % of them"] = None,
    *,
    for_: Annotated[str | None, "how long"] = None,
    set_: Annotated[list[str] | None, "vars"] = None,
    as_: Annotated[Literal["dot", "json"], "form"] = "dot",
    limit: Annotated[int, "how many"] = 0,
    view: Annotated[bool, "show it"] = True,
    warm_up: Annotated[bool, "-w", "begin early"] = False,
) -> None:
    """Do it."""


def given(*words):
    told = parse(command, "flowctl command", words)
    return {name: value for name, value in told.items() if value not in (None, [])}


USUAL = {"flow": Path("a"), "as_": "dot", "limit": 0, "view": True, "warm_up": False}


def test_words_and_options_may_stand_in_any_order():
    many = {"others": ["b", "c"], "for_": "3s", "set_": ["x=1", "y=2"]}
    assert given("a", "b", "--for", "3s", "--set", "x=1", "c", "--set=y=2") == USUAL | many
    assert given("--for", "3s", "a", "--set", "x=1", "--set", "y=2", "b", "c") == USUAL | many


def test_what_is_not_typed_is_as_the_signature_says():
    assert given("a") == USUAL


def test_switches_are_turned_on_and_off():
    assert given("a", "--no-view", "-w") == USUAL | {"view": False, "warm_up": True}
    assert given("a", "--warm-up")["warm_up"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "required: flow"),
        (("a", "--as", "svg"), "choose from"),
        (("a", "--limit", "many"), "--limit: 'many' is not a whole number"),
        (("a", "--for"), "expected one argument"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_a_line_with_its_cure(words, said):
    with pytest.raises(FlowError) as end:
        given(*words)
    assert said in str(end.value)
    assert str(end.value).startswith("flowctl command: ")
    assert str(end.value).endswith("; 'flowctl command -h' shows how it is typed")


def test_an_unknown_option_is_answered_with_the_nearest():
    with pytest.raises(FlowError) as end:
        given("a", "--limt=3")
    said = "flowctl command: unrecognized arguments: --limt=3; did you mean '--limit'?"
    assert str(end.value) == said


def test_a_negative_value_is_no_option():
    assert given("a", "--for", "-1s", "--limit", "-3") == USUAL | {"for_": "-1s", "limit": -3}
    assert given("a", "--set", "x=1", "--warm-up", "b")["others"] == ["b"]


def test_help_shows_every_sentence(capsys):
    with pytest.raises(SystemExit):
        given("--help")
    told = capsys.readouterr().out
    assert "10 % of them" in told
    assert all(word in told for word in ("Do it.", "--for", "--no-view", "-w", "flow file"))


def test_an_unknown_command_is_answered_with_the_nearest():
    assert typed("chek") == (2, "", "no command is called 'chek'; did you mean 'check'?\n")


def test_without_a_command_all_are_listed():
    assert typed()[:2] == (2, typed("--help").stdout)
    assert typed("-h").code == 0
    assert "  check " in typed("-h").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "a.yaml", "--set", "reserve"), "--set reserve: write it as name=value\n"),
        (("replay", "FLOW", "x.csv", "--column", "p1"), "--column p1: write it as name=value\n"),
        (("run", "a.yaml", "--for", "30"), "--for 30: 30 has no unit; did you mean '30s'?\n"),
        (("run", "a.yaml", "--for=-3s"), "--for -3s: is negative\n"),
    ],
)
def test_an_option_that_cannot_be_read_is_told_by_its_name(words, said):
    flow = str(Path(__file__).parent.parent / "flows" / "home.yaml")
    assert typed(*(flow if word == "FLOW" else word for word in words)) == (2, "", said)
