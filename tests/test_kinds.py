"""Types of expressions: what is told of one before it runs is what it then says."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.expression import Expression
from flowctl.language.kinds import Kinding
from flowctl.language.wires import field_wire
from flowctl.signature.node import Wire

RECORD = Battery(soc=50.0, mode="Auto", online=True, power=-300.0)


def look(name: str) -> Wire | None:
    return Wire(Battery) if name == "value" else field_wire(Wire(Battery), name)


def kinding(text: str) -> tuple[Any, list[tuple[str, str]]]:
    worker = Kinding(look)
    return worker.kind(Expression(text)), worker.odd


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("soc", float),
        ("2kW", float),
        ("1h30m", float),
        ("mode", str),
        ("online", bool),
        ("value", Battery),
        ("value.mode", str),
        ("value['soc']", float),
        ("value.soc.more", Any),
        ("anything", Any),
        ("-soc", float),
        ("not soc", bool),
        ("soc * power", float),
        ("online * 2", float),
        ("mode + '!'", str),
        ("anything + 5", float),
        ("anything + '!'", str),
        ("anything + anything", Any),
        ("'%s' % soc", str),
        ("soc % 2", float),
        ("soc < 5", bool),
        ("0 < soc < power", bool),
        ("mode in ['Auto', 'Hold']", bool),
        ("soc or 50", float),
        ("online and soc", Any),
        ("online and mode == 'Auto'", bool),
        ("soc if online else mode", Any),
        ("soc if online else None", float),
        ("[soc, mode]", list),
        ("abs(soc)", float),
        ("text(soc)", str),
        ("bool(mode)", bool),
        ("len(mode)", float),
        ("float('5')", float),
        ("max(soc, power)", float),
        ("min('a', mode)", str),
        ("clamp(soc, 0, 5)", float),
    ],
)
def test_the_type_of_an_expression_is_known(text, kind):
    assert kinding(text)[0] is kind


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mode - 5", "'mode' is a text"),
        ("5 + 2 * mode", "'mode' is a text"),
        ("value > 5", "'value' is a Battery"),
        ("abs([soc])", "'[soc]' is a list"),
        ("mode + soc", "'mode' is a text"),
        ("soc + mode < 5 and 1 > 0", "'mode' is a text"),
        ("value.socc > 5", "a Battery has no field 'socc'"),
        ("soc.more", "a number has no field 'more'"),
        ("mode['x']", "a text has no field 'x'"),
    ],
)
def test_what_cannot_be_worked_out_is_told_once(text, said):
    ((told, cure),) = kinding(text)[1]
    assert told.startswith(said)
    assert cure or told.startswith(("a number", "a text"))


ATOMS = st.sampled_from(["soc", "power", "mode", "online", "value", "2", "5W", "'a'", "0.5"])


def _wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(
        inner, st.sampled_from(["+", "-", "*", "<", ">", "==", "%", "and", "or"]), inner
    )
    chosen = st.tuples(inner, inner, inner)
    called = st.tuples(st.sampled_from(["abs", "text", "bool", "sign", "round", "not "]), inner)
    return (
        two.map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})")
        | chosen.map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})")
        | called.map(lambda parts: f"({parts[0]}({parts[1]}))")
        | st.tuples(inner, inner).map(lambda parts: f"max({parts[0]}, {parts[1]})")
    )


@example("(online * (mode if soc else soc))")
@given(st.recursive(ATOMS, _wider, max_leaves=6))
def test_what_is_said_is_of_the_type_that_was_told(text):
    kind, odd = kinding(text)
    try:
        result = Expression(text)(RECORD)
    except (TypeError, ValueError, ArithmeticError):
        return  # it says nothing
    if not odd and kind is not Any:
        assert isinstance(result, (int, float) if kind is float else kind)
