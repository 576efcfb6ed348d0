"""Units on wires and in settings: how they are read and printed, and the one sign rule.

THE SIGN RULE: a power is positive when it flows into the house wiring. Grid import is positive,
solar is positive, a discharging battery is positive. So the house load is the plain sum of all
powers, and no law needs a minus sign to explain. Only device nodes translate, on their outermost
line, and name the convention of their device there.

Inside Python every quantity is a float in its base unit (W, Wh, s, %, V, A, Hz, degC).
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, as a mark inside `Annotated`."""

    symbol: str


ANY_UNIT = "*"  # whatever the wire carries: a node's quantities and its wires must agree
PER_SECOND = "/s"

Watts = Annotated[float, Unit("W")]
WattHours = Annotated[float, Unit("Wh")]
Seconds = Annotated[float, Unit("s")]
Percent = Annotated[float, Unit("%")]
Volts = Annotated[float, Unit("V")]
Amperes = Annotated[float, Unit("A")]
Hertz = Annotated[float, Unit("Hz")]
Celsius = Annotated[float, Unit("degC")]
Quantity = Annotated[float, Unit(ANY_UNIT)]
QuantityPerSecond = Annotated[float, Unit(ANY_UNIT + PER_SECOND)]

SCALES: dict[str, tuple[str, float]] = {  # as written -> base unit, factor (SI prefixes)
    "mW": ("W", 1e-3),
    "W": ("W", 1.0),
    "kW": ("W", 1e3),
    "MW": ("W", 1e6),
    "Wh": ("Wh", 1.0),
    "kWh": ("Wh", 1e3),
    "MWh": ("Wh", 1e6),
    "%": ("%", 1.0),
    "mV": ("V", 1e-3),
    "V": ("V", 1.0),
    "mA": ("A", 1e-3),
    "A": ("A", 1.0),
    "Hz": ("Hz", 1.0),
    "degC": ("degC", 1.0),
    "°C": ("degC", 1.0),
}
DURATIONS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
EXAMPLES = {"W": "{}W", "Wh": "{}Wh", "s": "{}s", "%": "{}%", "W/s": "{}W/s", "*/s": "{}W/s"}
USUAL = {"Wh": "5kWh", "s": "90s", "%": "20%", "V": "230V", "A": "16A", "Hz": "50Hz",
         "degC": "20degC", "W/s": "500W/s"}  # fmt: skip
LONGEST = 60  # characters; more are no quantity, and patterns would search them for long
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"\s*({NUMBER})\s*([^\s\d.][^\s]*)\s*\Z")
_PLAIN = re.compile(rf"\s*{NUMBER}\s*\Z")


class UnitError(ValueError):
    """A text that is not a quantity, or one of another unit; the message holds the cure."""


def parse_any(text: str, wanted: str = "") -> tuple[float, str]:
    """Read a quantity of any unit: `2.5kW` is (2500.0, "W"), `100W/s` is (100.0, "W/s").

    What is none is told with an example in the unit that is `wanted`.
    """
    _short(text)
    if _PLAIN.match(text):
        raise UnitError(_bare(text.strip(), ANY_UNIT))
    found = _QUANTITY.match(text)
    if found:
        number, suffix = float(found[1]), found[2]
        if suffix in DURATIONS:
            return _finite(number * DURATIONS[suffix], text), "s"
        base, _, per = suffix.partition("/")
        if base in SCALES and per in ("", "s"):
            unit, factor = SCALES[base]
            return _finite(number * factor, text), unit + (PER_SECOND if per else "")
    seconds = _duration(text)
    if seconds is None:
        cure = misspelt(text) or f"write a number and its unit, e.g. '{USUAL.get(wanted, '2.5kW')}'"
        raise UnitError(f"'{text}' is not a quantity; {cure}")
    return seconds, "s"


def parse(value: object, unit: str) -> float:
    """Read a quantity of one unit as a float in that base unit; a bare zero needs no unit."""
    if isinstance(value, bool):
        raise UnitError(f"{str(value).lower()} is not a quantity of {unit}")
    if isinstance(value, int | float):
        if value == 0:
            return 0.0
        raise UnitError(_bare(f"{value:g}", unit))
    if not isinstance(value, str):
        raise UnitError(f"a quantity is a number with its unit, not a {type(value).__name__}")
    _short(value)
    if _PLAIN.match(value):
        if float(value) == 0:
            return 0.0
        raise UnitError(_bare(value.strip(), unit))
    number, got = parse_any(value, unit)
    if not same_unit(got, unit):
        raise UnitError(f"'{value}' is in {got}, but {unit} is wanted here")
    return number


def reader(unit: str) -> Callable[[object], float]:
    """Return what reads a quantity of a unit, of any unit (`*`) or of any rate (`*/s`)."""

    def read(value: object) -> float:
        if unit.startswith(ANY_UNIT) and isinstance(value, str):
            try:
                number, got = parse_any(value)
            except UnitError:
                return parse(value, unit)
            if unit.endswith(PER_SECOND) and not got.endswith(PER_SECOND):
                raise UnitError(f"'{value}' is not a rate; did you mean '{value}/s'?")
            return number
        return parse(value, unit)

    return read


def same_unit(one: str, other: str) -> bool:
    """Tell whether two unit symbols may meet: `*` meets every unit, `*/s` every rate."""
    if ANY_UNIT in (one, other) or one == other:
        return True
    pattern = {ANY_UNIT + PER_SECOND}
    rates = one.endswith(PER_SECOND) and other.endswith(PER_SECOND)
    return rates and bool({one, other} & pattern)


def show(value: float, unit: str | None) -> str:
    """Print a quantity so that `parse` reads it back: 2500.0 W is `2.5kW`."""
    if unit in ("W", "Wh") and abs(value) >= 1000:
        return f"{value / 1000:.12g}k{unit}"
    return f"{value:.12g}{unit or ''}"


def expand(text: str) -> str:
    """Replace the quantities inside an expression by plain numbers in base units."""
    return _swapped(text, lambda quantity: repr(parse_any(quantity)[0]))


def set_apart(text: str) -> tuple[str, list[str]]:
    """Put `_q0`, `_q1`, ... for the quantities inside an expression, and return these too."""
    found: list[str] = []

    def put(quantity: str) -> str:
        found.append(quantity)
        return f"_q{len(found) - 1}"

    return _swapped(text, put), found


def _swapped(text: str, put: Callable[[str], str]) -> str:
    """Put something for each quantity in an expression; what is in quotes is not."""
    return _IN_TEXT.sub(lambda found: found[0] if found["quoted"] else put(found[0]), text)


def example(number: str, unit: str) -> str:
    """Write a number with a unit, as a flow would: `5W`; of any unit, in W."""
    return EXAMPLES.get(unit, "{}W" if unit == ANY_UNIT else f"{{}}{unit}").format(number)


_UNITS = "|".join(sorted(map(re.escape, (*SCALES, *DURATIONS)), key=len)[::-1])
_WORDS = r"(?:and|or|not|if|else|in|is)\b"  # may follow a quantity; `5 % value` is a remainder
_IN_TEXT = re.compile(
    r"(?P<quoted>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")|"
    r"(?<![\w.])(?:(?:\d+(?:h|min|m|s)){2,}|"
    rf"(?:\d+\.?\d*|\.\d+)\s?(?:{_UNITS})(?:/s)?)(?![\w%])(?!\s*(?!{_WORDS})[\w(.'\[])"
)


def misspelt(text: str) -> str:
    """Name the quantity that was meant by one with a comma or in other letters, as a cure."""
    for found in _ALMOST.finditer(text):
        number, suffix = found[1].replace(",", "."), found[2]
        unit = (
            suffix if suffix in SCALES or suffix in DURATIONS else _BY_LETTERS.get(suffix.lower())
        )
        if unit is not None and (unit != suffix or number != found[1]):
            return f"did you mean '{number}{unit}'?"
    return ""


_ALMOST = re.compile(r"(?<![\w.])(\d+(?:[.,]\d+)?)\s?([A-Za-z%°]+)(?![\w%])")
_BY_LETTERS = {unit.lower(): unit for unit in (*DURATIONS, *reversed(SCALES))} | {
    "watt": "W", "watts": "W", "kilowatt": "kW", "percent": "%", "pct": "%", "volt": "V",
    "ampere": "A", "amp": "A", "celsius": "degC", "c": "degC",
}  # fmt: skip


def _duration(text: str) -> float | None:
    import pytimeparse2  # type: ignore[import-untyped]  # only what is as long as 1h30m needs it

    sign = -1.0 if text.strip().startswith("-") else 1.0
    seconds = pytimeparse2.parse(text.strip().lstrip("+-"))
    return None if seconds is None or ":" in text else sign * float(seconds)


def _short(text: str) -> None:
    if len(text) > LONGEST:
        raise UnitError(f"'{text[:20]}...' is not a quantity; write a number and its unit")


def _finite(number: float, text: str) -> float:
    if not math.isfinite(number):
        raise UnitError(f"'{text}' is too large")
    return number


def _bare(number: str, unit: str) -> str:
    meant = number
    if unit == "%" and 0 < abs(float(number)) < 1:  # who writes 0.12 means 12 %
        meant = f"{100 * float(number):g}"
    return f"{number} has no unit; did you mean '{example(meant, unit)}'?"
