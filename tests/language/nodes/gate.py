"""An operator with one further input, that may be absent, and many kinds of settings."""

from collections.abc import Mapping
from typing import Annotated, Literal

from flowctl import Ge, Observable, Percent, Watts


def gate(
    values: Observable[Watts],
    open: Annotated[Observable[bool] | None, "lets through while true"] = None,
    *,
    mode: Annotated[Literal["soft", "hard"], "how it closes"] = "soft",
    count: Annotated[int, Ge(1), "how many"] = 1,
    factor: Annotated[float, "a number"] = 1.0,
    strict: Annotated[bool, "all or nothing"] = False,
    name: Annotated[str, "a text"] = "",
    steps: Annotated[list[Annotated[Watts, Ge(0)]], "some powers"] = [],  # noqa: B006
    limits: Annotated[Mapping[str, Percent] | None, "shares by name"] = None,
    least: Annotated[
        Annotated[Percent, Ge(0)] | Mapping[str, Annotated[Percent, Ge(0)]], "for all, or by name"
    ] = 0.0,
) -> Observable[Watts]:
    """Gate."""
    return values
