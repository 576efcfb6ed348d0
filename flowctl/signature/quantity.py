"""The JSON Schema of a quantity: what an editor holds a text against while it is typed.

It lets through all that `units.parse` reads, and not much more; `flowctl check` has the last word.
"""

from typing import Any

from flowctl import units
from flowctl.units import ANY_UNIT, NUMBER

FILLED = r"\$\{"
ZERO = r"[-+]?(?:0+\.?0*|\.0+)(?:[eE][-+]?\d+)?"
TIME = (
    r"[-+\s]*\.?(?:\d[\d.]*\s*(?![kmM]?W(?:h|\s*$)|m?A\s*$)"
    r"[acdehiklmnorstuwyACDEHIKLMNORSTUWY]+[.\s,/]*)+"
)
"""Like `1h30m`; `W` is a week in the middle, and watts at the end."""


def form(unit: str) -> dict[str, Any]:
    """Describe a quantity of one unit, of any unit (`*`) or of any rate (`*/s`)."""
    anything = unit.startswith(ANY_UNIT)
    said = f"a quantity in {'the unit of the wire' if anything else unit}"
    said = f"{said}, e.g. {units.example('5', unit)}"
    text = {"type": "string", "pattern": pattern(unit), "errorMessage": said}
    bare = {} if anything else {"minimum": 0, "maximum": 0}  # a wire may carry plain numbers
    return {"anyOf": [text, {"type": "number", **bare}]}


def pattern(unit: str) -> str:
    """Write what fits every text that is a quantity of a unit, in the dialect of JSON Schema."""
    base, _, per = unit.partition("/")
    rate = "/s" if per else "(?:/s)?" if base == ANY_UNIT else ""
    known = "|".join(name for name, (of, _) in units.SCALES.items() if base in (ANY_UNIT, of))
    ways = [rf"{NUMBER}\s*(?:{known}){rate}"] if known else []
    ways += [TIME] if unit in ("s", ANY_UNIT) else []
    ways += [NUMBER if base == ANY_UNIT else ZERO]
    return rf"^\s*(?:{'|'.join(ways)})\s*$|{FILLED}"
