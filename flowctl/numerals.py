"""Numbers as people and spreadsheets write them."""

import re

GROUPS = r"(?P<mark>[.,'\u2019 \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*"
WRITTEN = re.compile(rf"[-+]?(?:\d+|\d{{1,3}}{GROUPS})(?:(?!(?P=mark))[.,]\d+)?\Z")
EITHER = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}\Z")  # thousands to some, thousandths to others

BEGUN = re.compile(r"\s*[-+]?[.,]?\d")


def written(text: str, *, comma: bool = False) -> float | None:
    """Read a number as tables have it: `2859.3`, `2.859,3`, `2,859.3`, `2 859`; else nothing.

    `2,859` is one only where decimals have a `comma`. A point alone stands before decimals.
    """
    try:
        return float(text)
    except ValueError:
        plain = text.strip()
    found = WRITTEN.match(plain)
    if not found or (EITHER.match(plain) and not comma):
        return None
    return float(plain.replace(found["mark"] or " ", "").replace(",", "."))


def speaks(value: object) -> bool:
    """Tell whether what stands where a number should is meant as one, and no word for silence."""
    return isinstance(value, str) and BEGUN.match(value) is not None


def unsure(cell: object) -> str:
    """Say of what `speaks` that it is not to be read, and how it could be."""
    return f"'{cell}' is no number for sure; write 2859.3, or 2.859,3"
