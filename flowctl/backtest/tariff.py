"""What energy costs: prices per kWh, the same always, by time of day or by date."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flowctl.backtest.prices import MINUTES, ByDay, Prices, constant, dated
from flowctl.backtest.times import MINUTE, later
from flowctl.faults import FlowError, Mark
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.text import read_file
from flowctl.recordings.course import is_course

WINDOW = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\Z")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)\Z")
ELSE, BUYS, SELLS = "else", "import", "export"
KWH = 3.6e6  # W s
INLINE = "write --tariff import=0.32,export=0.08 per kWh, or FILE.csv#COLUMN, or name a YAML file"
SHAPE = (
    "a tariff is {import: 0.32, export: 0.08}; a price may be {'07:00-23:00': 0.35, else: 0.22}, "
    "or {prices: FILE.csv#COLUMN, plus: 0.12}"
)
FILE, PLUS = "prices", "plus"  # of prices by date


@dataclass(frozen=True)
class Tariff:
    """What a kWh from the grid costs, and what one into it earns."""

    buys: Prices
    sells: Prices
    currency: str = ""

    def cost(self, grid: Sequence[float], step: float, start: datetime) -> float:
        """What the energy of these samples of grid power cost; earnings count against it."""
        total = 0.0
        for begin, end, now in _each_minute(len(grid), step, start):
            part = grid[begin:end]
            drawn = sum(watts for watts in part if watts > 0)
            fed = drawn - sum(part)
            total += (drawn * self.buys.at(now) - fed * self.sells.at(now)) * step / KWH
        return total

    def mean(self, count: int, step: float, start: datetime) -> float:
        """The price of import on average over so many samples: what a stored kWh is worth."""
        parts = _each_minute(count, step, start)
        paid = sum((end - begin) * self.buys.at(now) for begin, end, now in parts)
        return paid / max(1, count)

    def check(self, start: datetime, seconds: float) -> None:
        """Raise `FlowError` where a price is not known for all of a run."""
        for prices in (self.buys, self.sells):
            prices.check(start, later(start, seconds))


def read_tariff(given: str) -> Tariff:
    """Read a tariff from the command line, or from the YAML file that it names.

    Raises:
        FlowError: it is none, with the place and the cure.
    """
    if "=" in given or not given:
        return _inline(given)
    if not Path(given).exists():
        raise FlowError(f"--tariff {given}: there is no such file; {INLINE}")
    report = Report()
    found = read_file(Path(given), report, empty=SHAPE)
    report.settle()
    made = _tariff(found, report) if found else None
    report.settle()
    if made is None:
        raise FlowError(f"{given}: holds no tariff; {SHAPE}")
    return made


def _inline(given: str) -> Tariff:
    prices: dict[str, Prices] = {}
    for part in given.split(","):
        name, _, text = (piece.strip() for piece in part.partition("="))
        if name not in (BUYS, SELLS) or name in prices:
            said = f"'{part}' stands alone" if not text else f"'{part}' is one too many"
            raise FlowError(f"--tariff {given}: {said}; {INLINE}")
        if not NUMBER.match(text) and not is_course(text):
            said = "names no file that is there" if "#" in text or "." in text else "is no price"
            raise FlowError(f"--tariff: '{text}' {said}; {INLINE}")
        prices[name] = constant(float(text)) if NUMBER.match(text) else dated(text)
    missing = [name for name in (BUYS, SELLS) if name not in prices]
    if missing:
        raise FlowError(f"--tariff {given}: names no {' and no '.join(missing)}; {INLINE}")
    return Tariff(prices[BUYS], prices[SELLS])


def _each_minute(count: int, step: float, start: datetime) -> Iterator[tuple[int, int, datetime]]:
    """Cut samples at full minutes of the clock: `(first, last + 1, when)`."""
    whole = round(MINUTE / step)
    begin, minute = 0, 0
    end = whole - round((start.second + start.microsecond / 1e6) / step)
    while begin < count:
        yield begin, min(end, count), later(start, MINUTE * minute)
        begin, end, minute = end, end + whole, minute + 1


def _tariff(found: Marked, report: Report) -> Tariff | None:
    if not isinstance(found.value, dict):
        report.add(found.mark, "E610", "", "is no tariff", SHAPE)
        return None
    missing = [name for name in (BUYS, SELLS) if name not in found.value]
    if missing:
        report.add(found.mark, "E610", "", f"names no {' and no '.join(missing)}", SHAPE)
        return None
    parts: dict[str, Any] = dict(found.value)
    currency = parts.pop("currency", None)
    buys = _prices(parts.pop(BUYS), report)
    sells = _prices(parts.pop(SELLS), report)
    for name, item in parts.items():
        report.add(item.mark, "E610", name, f"a tariff has no '{name}'", SHAPE)
    return Tariff(buys, sells, str(currency.value) if currency else "")


def _prices(item: Marked, report: Report) -> Prices:
    if isinstance(item.value, str) and ("#" in item.value or is_course(_near(item, item.value))):
        return _dated(item, {}, report)
    if not isinstance(item.value, dict):
        return constant(_price(item, report))
    if FILE in item.value:
        return _dated(item.value[FILE], item.value, report)
    return _by_day(item, item.value, report)


def _by_day(item: Marked, windows: Mapping[str, Marked], report: Report) -> ByDay:
    """Read a price for each minute of a day; each has one, and one only."""
    prices: list[float | None] = [None] * MINUTES
    for text, part in windows.items():
        price = _price(part, report)
        named = _minutes(text, part.mark, report) if text != ELSE else []
        twice = [minute for minute in named if prices[minute] is not None]
        if twice:
            said = f"a second price at {_clock(twice[0])}"
            report.add(item.keys[text], "E610", "", said, "let windows end where others begin")
        for minute in named:
            prices[minute] = price
    rest = _price(windows[ELSE], report) if ELSE in windows else None
    if rest is None and None in prices:
        said = f"no price at {_clock(prices.index(None))}"
        report.add(item.mark, "E610", "", said, f"add '{ELSE}: 0.22' for all other times")
    return ByDay([rest or 0.0 if price is None else price for price in prices])


def _dated(file: Marked, given: Mapping[str, Marked], report: Report) -> Prices:
    """Read prices by date from the file that is named."""
    plus = _price(given[PLUS], report) if PLUS in given else 0.0
    for name in given.keys() - {FILE, PLUS}:
        report.add(given[name].mark, "E610", name, f"prices have no '{name}'", SHAPE)
    try:
        return dated(_near(file, str(file.value)), plus)
    except FlowError as error:
        for fault in error.faults:
            said = f"{file.value}: {fault.message}" if fault.mark.file else fault.message
            report.add(file.mark, "E610", "", said, fault.cure)
        return constant(0.0)


def _near(item: Marked, name: str) -> str:
    """Find a file beside the one that names it."""
    return str(Path(item.mark.file).parent / name)


def _price(item: Marked, report: Report) -> float:
    if isinstance(item.value, int | float) and not isinstance(item.value, bool):
        return float(item.value)
    report.add(item.mark, "E610", "", f"{item.value!r} is no price per kWh", "write a bare number")
    return 0.0


def _minutes(text: str, mark: Mark, report: Report) -> list[int]:
    found = WINDOW.match(text.strip())
    begin_hour, begin, end_hour, end = (int(part) for part in found.groups()) if found else [99] * 4
    first, last = begin_hour * 60 + begin, end_hour * 60 + end
    if not found or max(first, last) > MINUTES or max(begin, end) > 59:
        cure = "write it as 22:00-06:00"
        report.add(mark, "E610", "", f"'{text}' is no time of day", cure)
        return []
    length = (last - first) % MINUTES or MINUTES
    return [(first + minute) % MINUTES for minute in range(length)]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
