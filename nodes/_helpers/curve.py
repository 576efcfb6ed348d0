"""The curve of a power variator: watts by percent of conduction, as a calibration file has them."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from flowctl import Percent, Watts

WHOLE = 100.0  # %
SEPARATORS = ";\t"


class CurveError(OSError, ValueError):
    """A calibration file cannot be used; the message says what to do."""


class Curve(NamedTuple):
    """Points of a line that never falls; between two of them it is straight."""

    percents: tuple[Percent, ...]
    watts: tuple[Watts, ...]

    @property
    def most(self) -> Watts:
        """Return the largest power it reaches."""
        return self.watts[-1]

    def watts_at(self, percent: Percent) -> Watts:
        """Return what the load draws at a percent of conduction."""
        return _between(percent, self.percents, self.watts)

    def percent_at(self, watts: Watts) -> Percent:
        """Return the least percent that makes so many watts; for the most it has, or more, all."""
        if watts >= self.most:
            return self.percents[-1]
        return _between(watts, self.watts, self.percents)


def straight(most: Watts) -> Curve:
    """Make the curve of a variator whose power follows the percent."""
    return Curve((0.0, WHOLE), (0.0, most))


def read_curve(path: Path, least: Percent = 0.0) -> Curve:
    """Read a calibration file: lines `percent;watts`, any order, decimal point or comma.

    Points below `least` are not used: a variator fires by chance there, and is sent 0 anyway.

    Raises:
        CurveError: it cannot be read, or holds no curve.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise CurveError(f"the calibration file {path} cannot be read: {said}") from None
    try:
        return curve_of(_points(lines), least)
    except ValueError as error:
        raise CurveError(f"the calibration file {path}: {error}") from None


def curve_of(points: Iterable[tuple[Percent, Watts]], least: Percent = 0.0) -> Curve:
    """Make a curve that never falls of measured points: nearest to them by least squares.

    Raises:
        ValueError: there are no two points, or nothing was drawn.
    """
    known = {percent: watts for percent, watts in points if percent >= max(least, 1e-9)}
    percents = sorted(known)
    watts = rising([known[percent] for percent in percents])
    if not percents or watts[-1] <= 0:
        raise ValueError("holds no curve; write lines such as 50.0;1150")
    return Curve((0.0, *percents), (0.0, *watts))


def rising(values: Sequence[float]) -> list[float]:
    """Return the row that never falls and is nearest to a row of measurements.

    Source: pool adjacent violators, Ayer et al., Ann. Math. Statist. 26 (1955) 641.
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while blocks and blocks[-1][0] >= mean:
            before, number = blocks.pop()
            mean = (before * number + mean * count) / (number + count)
            count += number
        blocks.append((mean, count))
    return [mean for mean, count in blocks for _ in range(count)]


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Interpolate; where `xs` stands still, the first `y` counts, and beyond the ends the last."""
    place = bisect_left(xs, x)
    if place == 0:
        return ys[0]
    if place == len(xs):
        return ys[-1]
    part = (x - xs[place - 1]) / (xs[place] - xs[place - 1])
    return ys[place - 1] + part * (ys[place] - ys[place - 1])


def _points(lines: Sequence[str]) -> Iterable[tuple[Percent, Watts]]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield _point(line)
        except ValueError:
            if number > 1:  # the first may be a heading
                said = f"line {number} is not 'percent;watts': {line.strip()[:40]!r}"
                raise ValueError(said) from None


def _point(line: str) -> tuple[Percent, Watts]:
    separator = next((sign for sign in SEPARATORS if sign in line), ",")
    percent, watts = (float(cell.replace(",", ".")) for cell in line.split(separator))
    if not (0 <= percent <= WHOLE and 0 <= watts < math.inf):
        raise ValueError("out of range")
    return percent, watts
