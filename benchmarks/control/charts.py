"""Curves as plain SVG: panels over one axis of time, each curve named at its end. No library."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, log10

Points = Sequence[tuple[float, float]]

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 820, 62, 150, 44, 34  # px of the picture and around its panels
GAP, LINE = 26, 15  # px between panels, and between two lines of text
TINY = 0.4  # px; a point that is off the line of its neighbours by less is left out
INK, PALE = "#24292f", "#d0d7de"
COLOURS = {
    "house": "#57606a", "grid": "#cf222e", "left": "#0969da", "right": "#bc4c00",
    "good": "#1a7f37", "other": "#8250df",
}  # fmt: skip


@dataclass
class Curve:
    """One line of a panel."""

    name: str
    points: Points
    colour: str
    dashed: bool = False
    held: bool = False
    """A value holds until the next one: drawn in steps."""


@dataclass
class Panel:
    """Curves that share a scale."""

    unit: str
    curves: list[Curve]
    height: int = 150
    notes: list[tuple[float, str]] = field(default_factory=list)
    """What happens at which second."""
    bands: list[tuple[float, float, str]] = field(default_factory=list)
    """From when to when something lasts, and what."""


def chart(title: str, panels: Sequence[Panel], span: tuple[float, float]) -> str:
    """Draw a picture of the seconds of a span."""
    height = TOP + sum(panel.height + GAP for panel in panels) - GAP + BOTTOM
    body, top = [text(12, 21, title, weight="600", size=14)], TOP
    for panel in panels:
        body += draw(panel, span, top)
        top += panel.height + GAP
    body += times(span, top - GAP)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="system-ui,sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="#fff"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def draw(panel: Panel, span: tuple[float, float], top: int) -> Iterator[str]:
    """Draw one panel: its scale, its notes, its curves."""
    shown = [(t, y) for curve in panel.curves for t, y in curve.points if span[0] <= t <= span[1]]
    low, high = scale([y for _, y in shown])
    room = panel.height / 22
    right = WIDTH - RIGHT

    def x(t: float) -> float:
        return LEFT + (t - span[0]) / (span[1] - span[0]) * (right - LEFT)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * panel.height

    for start, end, said in panel.bands:
        place = f'x="{x(start):.1f}" y="{top}" width="{x(end) - x(start):.1f}"'
        yield f'<rect {place} height="{panel.height}" fill="#fff8c5"/>'
        yield text(x(start) + 4, top - 4, said, colour="#7d4e00", size=11)
    for tick in ticks(low, high, room):
        strong = INK if tick == 0 else PALE
        yield f'<path d="M{LEFT} {y(tick):.1f}H{right}" stroke="{strong}" stroke-width="0.7"/>'
        yield text(LEFT - 6, y(tick) + 4, f"{tick:g}", anchor="end")
    yield text(LEFT - 6, top - 5, panel.unit, colour="#57606a", anchor="end")
    for when, said in panel.notes:
        way = f"M{x(when):.1f} {top - 12}v{panel.height + 12}"
        yield f'<path d="{way}" stroke="#8c959f" stroke-dasharray="2 3"/>'
        yield text(x(when) + 4, top - 4, said, colour="#57606a", size=11)
    for curve in panel.curves:
        inside = [(t, v) for t, v in curve.points if span[0] <= t <= span[1]]
        yield line([(x(t), y(v)) for t, v in inside], curve)
    yield from names(panel, y, span, top)


def names(panel, y, span, top) -> Iterator[str]:
    """Name the curves at the right, each near its end, none over another."""
    last = [[value for t, value in curve.points if t <= span[1]][-1] for curve in panel.curves]
    ends = zip(map(y, last), panel.curves, strict=True)
    below = top - LINE  # of the name above
    for at, curve in sorted(ends, key=lambda end: end[0]):
        below = max(below + LINE, min(at, top + panel.height))
        yield text(WIDTH - RIGHT + 8, below + 4, curve.name, colour=curve.colour)


def line(points: Points, curve: Curve) -> str:
    """Draw one curve."""
    if curve.held:
        points = [
            (x, y)
            for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[-1]], strict=True)
            for x, y in ((x0, y0), (x1, y0))
        ]
    kept = thinned(points)
    way = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)
    dash = ' stroke-dasharray="5 3"' if curve.dashed else ""
    return f'<path d="{way}" fill="none" stroke="{curve.colour}" stroke-width="1.6"{dash}/>'


def thinned(points: Points) -> list[tuple[float, float]]:
    """Leave out points that lie on the line between those that stay (Ramer, Douglas, Peucker)."""
    if len(points) < 3:
        return list(points)
    (x0, y0), (x1, y1) = points[0], points[-1]
    slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
    off = [abs(y - y0 - slope * (x - x0)) for x, y in points]
    if x1 == x0:
        off = [abs(y - y0) for _, y in points]
    far = max(range(1, len(points) - 1), key=lambda k: off[k])
    if off[far] <= TINY:
        return [points[0], points[-1]]
    return thinned(points[: far + 1])[:-1] + thinned(points[far:])


def times(span: tuple[float, float], top: float) -> Iterator[str]:
    """Write the axis of time."""
    right = WIDTH - RIGHT
    for tick in ticks(*span, 6):
        x = LEFT + (tick - span[0]) / (span[1] - span[0]) * (right - LEFT)
        yield text(x, top + 18, f"{tick:g} s", anchor="middle")


def ticks(low: float, high: float, count: float) -> list[float]:
    """Choose about so many round values between two ends."""
    rough = (high - low) / min(count, 6)
    power = 10 ** floor(log10(rough))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= rough * 0.999)
    return [k * step for k in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def scale(values: Sequence[float]) -> tuple[float, float]:
    """Choose ends of a scale that hold all values, and zero."""
    low, high = min(0.0, *values), max(0.0, *values)
    room = 0.06 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), high + room


def text(
    x: float, y: float, said: str, *, colour: str = INK, anchor: str = "start", size: int = 12,
    weight: str = "400",
) -> str:  # fmt: skip
    """Write a word."""
    style = f'fill="{colour}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(said)}</text>'
