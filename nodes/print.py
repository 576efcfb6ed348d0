"""Print a stream, for people."""

import sys
from typing import Annotated, Any

from flowctl import Check, Events, Gaps
from nodes._helpers.say import filled, parts, say


async def print(
    value: Events[Any],
    *,
    format: Annotated[
        str, Check(parts), Gaps(), "text with gaps, e.g. `grid {value:.0f} W` or `{soc:.0f} %`"
    ] = "",
) -> None:
    """One line per value, also of several in one moment.

    `{value}` stands for what came, `{name}` for a field of a record or a share of a plan; `-`
    stands where a field is not known. Without `format`, records come without unknown fields.
    """
    parts(format)  # an ill-formed text is told at the start, not at the first value
    async for item in value:
        sys.stdout.write((filled(format, item) if format else say(item)) + "\n")
        sys.stdout.flush()
