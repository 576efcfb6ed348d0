"""What energy costs: prices per kWh, the same always or by time of day."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flowctl.faults import FlowError, Mark
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.text import read_file

MINUTE, DAY = 60, 24 * 60
WINDOW = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)\Z")
NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)\Z")
ELSE = "else"
KWH = 3.6e6  # W s
INLINE = "write --tariff import=0.32,export=0.08, or name a YAML file"
SHAPE = "a tariff is {import: 0.32, export: 0.08}; a price may be {'07:00-23:00': 0.35, else: 0.22}"
Prices = Sequence[float]
"""A price for each minute of a day."""


@dataclass(frozen=True)
class Tariff:
    """What a kWh from the grid costs, and what one into it earns."""

    buys: Prices
    sells: Prices
    currency: str = ""

    def cost(self, grid: Sequence[float], step: float, start: datetime) -> float:
        """What the energy of these samples of grid power cost; earnings count against it."""
        per_minute = round(MINUTE / step)
        total = 0.0
        for minute, place in enumerate(range(0, len(grid), per_minute)):
            part = grid[place : place + per_minute]
            drawn = sum(watts for watts in part if watts > 0)
            fed = drawn - sum(part)
            when = start + timedelta(minutes=minute)
            now = when.hour * 60 + when.minute
            total += (drawn * self.buys[now] - fed * self.sells[now]) * step / KWH
        return total


def read_tariff(given: str) -> Tariff:
    """Read a tariff from the command line, or from the YAML file that it names.

    Raises:
        FlowError: it is none, with the place and the cure.
    """
    if "=" in given:
        return _inline(given)
    if not Path(given).exists():
        raise FlowError(f"--tariff {given}: there is no such file; {INLINE}")
    report = Report()
    found = read_file(Path(given), report)
    report.settle()
    made = _tariff(found, report) if found else None
    report.settle()
    if made is None:
        raise FlowError(f"{given}: holds no tariff; {SHAPE}")
    return made


def _inline(given: str) -> Tariff:
    parts = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    prices = {}
    for name, text in parts.items():
        if not NUMBER.match(text.strip()):
            raise FlowError(f"--tariff: '{text}' is no price per kWh; {INLINE}")
        prices[name.strip()] = float(text)
    if prices.keys() != {"import", "export"}:
        raise FlowError(f"--tariff {given}: names no import and export; {INLINE}")
    return Tariff([prices["import"]] * DAY, [prices["export"]] * DAY)


def _tariff(found: Marked, report: Report) -> Tariff | None:
    if not isinstance(found.value, dict) or not {"import", "export"} <= found.value.keys():
        report.add(found.mark, "E610", "", "is no tariff", SHAPE)
        return None
    parts: dict[str, Any] = dict(found.value)
    currency = parts.pop("currency", None)
    buys = _prices(parts.pop("import"), report)
    sells = _prices(parts.pop("export"), report)
    for name, item in parts.items():
        report.add(item.mark, "E610", name, f"a tariff has no '{name}'", SHAPE)
    return Tariff(buys, sells, str(currency.value) if currency else "")


def _prices(item: Marked, report: Report) -> Prices:
    if not isinstance(item.value, dict):
        return [_price(item, report)] * DAY
    windows: Mapping[str, Marked] = item.value
    prices: list[float | None] = [None] * DAY
    for text, part in windows.items():
        price = _price(part, report)
        for minute in _minutes(text, part.mark, report) if text != ELSE else ():
            prices[minute] = price
    rest = _price(windows[ELSE], report) if ELSE in windows else None
    if rest is None and None in prices:
        gap = prices.index(None)
        said = f"no price at {gap // 60:02}:{gap % 60:02}"
        report.add(item.mark, "E610", "", said, f"add '{ELSE}: 0.22' for all other times")
    return [rest or 0.0 if price is None else price for price in prices]


def _price(item: Marked, report: Report) -> float:
    if isinstance(item.value, int | float) and not isinstance(item.value, bool):
        return float(item.value)
    report.add(item.mark, "E610", "", f"{item.value!r} is no price per kWh", "write a bare number")
    return 0.0


def _minutes(text: str, mark: Mark, report: Report) -> list[int]:
    found = WINDOW.match(text.strip())
    begin_hour, begin, end_hour, end = (int(part) for part in found.groups()) if found else [99] * 4
    first, last = begin_hour * 60 + begin, end_hour * 60 + end
    if not found or max(first, last) > DAY or max(begin, end) > 59:
        cure = "write it as 22:00-06:00"
        report.add(mark, "E610", "", f"'{text}' is no time of day", cure)
        return []
    length = (last - first) % DAY or DAY
    return [(first + minute) % DAY for minute in range(length)]
