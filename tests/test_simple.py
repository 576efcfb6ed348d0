"""Simple settings are read as pydantic reads them, or not at all."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from flowctl import Expression, Ge, Gt, Le, Lt, Quantity, QuantityPerSecond, Seconds, Secret, Watts
from flowctl.language.library import Library
from flowctl.language.simple import UNSURE, simple
from flowctl.signature.adapting import adapter

FLOW = Path(__file__).parent.parent / "flows" / "home.yaml"
TEXTS = ["", "5", "5s", "1h30m", "2.5kW", "-3W", "0", "11%", "abs(value) < 20kW", "own", "1kW/s"]
values = st.one_of(
    st.sampled_from(TEXTS),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
annotations = [
    Annotated[Seconds, Gt(0), "a sentence"],
    Annotated[Watts, Ge(-10), Le(3000)] | None,
    Annotated[Annotated[Quantity, Ge(0)] | None, "a sentence"],
    QuantityPerSecond,
    Annotated[float, Lt(100)],
    Annotated[int, Ge(1), Le(65535)],
    bool,
    str,
    Annotated[str, Field(min_length=2)],
    Literal["own", "zero"],
    Path,
    Path | None,
    Expression,
    Secret,
    str | float,
    list[str],
    *(setting.annotation for name in Library.beside().names()
      for setting in Library.beside().get(name).settings.values()),
]  # fmt: skip


@given(st.sampled_from(annotations), values)
def test_what_is_read_at_once_is_what_pydantic_reads(annotation, value):
    made = simple(annotation, value)
    if made is not UNSURE:
        read = adapter(annotation).validate_python(value)
        assert (type(made), made) == (type(read), read)


@pytest.mark.parametrize("value", ["0s", "-1s", "5", "5W", 5, True, None])
def test_what_is_wrong_is_left_to_those_who_explain_it(value):
    annotation = Annotated[Seconds, Gt(0)]
    assert simple(annotation, value) is UNSURE
    with pytest.raises(ValidationError):
        adapter(annotation).validate_python(value)


def test_a_good_flow_is_checked_without_pydantic():
    code = f"import sys; from flowctl.language.check import load; load({str(FLOW)!r}); "
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [name for name in done.stdout.split() if name.startswith("pydantic")] == []
