"""A comparison as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from flowctl.backtest.bounds import Bounds
from flowctl.backtest.comparison import Comparison
from flowctl.backtest.figures import BY_NAME, Figure, by_name
from flowctl.backtest.trial import Outcome

SHORT = (
    "grid_w", "ratio", "wrong_w", "settle_p50_s", "commands_per_h", "switches_per_h", "net_cost",
)  # fmt: skip
"""The figures by which the flows of a sweep are told apart."""
CLAIRVOYANT, CAUSAL = "clairvoyant", "causal"
LEAST = 9  # characters of a column


def table(made: Comparison, width: int, *, bold: bool = False) -> str:
    """Write figures below each other, flows beside each other; the best of each row in bold.

    What does not fit into the width comes below; the bounds stand beside the first flows.
    """
    flows = list(made.outcomes)
    column = max(LEAST, *(len(item.candidate.label) for item in flows)) + 2
    bounds = [f"{name:>{LEAST}}" for name in (CLAIRVOYANT, CAUSAL)] if made.bounds else []
    first = max(1, (width - 36 - sum(len(name) + 2 for name in bounds)) // column)
    room = max(1, (width - 36) // column)
    rest = [flows[place : place + room] for place in range(first, len(flows), room)]
    blocks = [_block(made, flows[:first], bounds, bold=bold)]
    blocks += [_block(made, part, [], bold=bold) for part in rest]
    return "\n".join("\n".join(block) + "\n" for block in blocks)


def ranking(made: Comparison, by: str, width: int, *, bold: bool = False) -> str:
    """Write one line for each flow, the best first; of a sweep the best and the worst by name.

    Figures that do not fit into the width are left out, that of the order never.
    """
    ordered, known = ranked(made.outcomes, by), by_name(made.setting.tariff)
    label = max(len(item.candidate.label) for item in ordered)
    heads = _heads(ordered, known, by, width - label)
    lines = [" " * label + "".join(f"  {head:>{LEAST}}" for head in heads)]
    for item in ordered:
        cells = (f"  {shown(item, f):>{max(LEAST, len(h))}}" for h, f in heads.items())
        lines.append(f"{item.candidate.label:{label}}" + "".join(cells))
    figure, swept = known[by], ranked(own(made), by)
    for word, item in _ends(swept, by):
        said = f"{figure.title} {shown(item, figure)} {figure.unit}".rstrip()
        lines.append(_bold(f"{word}: {item.candidate.label} ({said})", on=bold))
    return "\n".join(lines) + "\n"


def _ends(swept: Sequence[Outcome], by: str) -> Sequence[tuple[str, Outcome]]:
    """Return the best and the worst, if one is better than the other; of one there is neither."""
    best, worst = swept[0], swept[-1]
    if len(swept) == 1:
        return []
    if best.figures.get(by) == worst.figures.get(by):
        return [("no difference", best)]
    return [("best", best), ("worst", worst)]


def _heads(
    flows: Sequence[Outcome], known: Mapping[str, Figure], by: str, room: int
) -> Mapping[str, Figure]:
    """The columns of a ranking by what stands over them: those that some flow has, and that fit."""
    names = SHORT if by in SHORT else (by, *SHORT)
    heads: dict[str, Figure] = {}
    for figure in (known[name] for name in names):
        title = figure.title.partition(",")[0] if figure.name in SHORT else figure.title
        if figure.name == by or any(item.figures.get(figure.name) for item in flows):
            heads[f"{title} {figure.unit}".strip()] = figure
    taken = sum(max(LEAST, len(head)) + 2 for head in heads)
    for head, figure in reversed(list(heads.items())):
        if taken > room and figure.name != by:
            taken -= max(LEAST, len(head)) + 2
            del heads[head]
    return heads


def own(made: Comparison) -> list[Outcome]:
    """Return what became of the first flow, in each of its variants."""
    first = made.outcomes[0].candidate.flow
    return [item for item in made.outcomes if item.candidate.flow == first]


def ranked(outcomes: Sequence[Outcome], by: str) -> list[Outcome]:
    """Order flows by a figure, the best first; those that have none last."""
    sign = 1 if BY_NAME[by].less else -1

    def rank(item: Outcome) -> tuple[bool, float]:
        value = item.figures.get(by)
        return value is None, sign * (value or 0.0)

    return sorted(outcomes, key=rank)


def shown(item: Outcome, figure: Figure) -> str:
    """Print one figure of one flow."""
    return number(item.figures.get(figure.name), figure)


def number(value: float | None, figure: Figure) -> str:
    """Print a figure with the digits that mean something."""
    if value is None:
        return "-"
    if value >= figure.most:
        return f">{figure.most:g}"
    return f"{round(value, figure.digits) + 0.0:.{figure.digits}f}"  # no zero is below zero


def beside(bounds: Bounds, figure: Figure) -> Sequence[float]:
    """Say what the bounds are in a figure: clairvoyant, causal; nothing where they have none."""
    watts = (bounds.clairvoyant, bounds.causal)
    if figure.name == "ratio" and bounds.causal:
        return [bound / bounds.causal for bound in watts]
    return watts if figure.name == "grid_w" else ()


def _block(
    made: Comparison, flows: Sequence[Outcome], bounds: Sequence[str], *, bold: bool
) -> Iterator[str]:
    labels = [item.candidate.label for item in flows]
    widths = [max(LEAST, len(label)) for label in (*labels, *bounds)]
    yield " " * 36 + _row([*labels, *bounds], widths)
    for figure in by_name(made.setting.tariff).values():
        values = [item.figures.get(figure.name) for item in flows]
        if all(value is None for value in values):
            continue
        known = beside(made.bounds, figure) if made.bounds and bounds else ()
        cells = [number(value, figure) for value in (*values, *known)]
        best = best_of(made.outcomes, figure) if bold else None
        marked = [value is not None and value == best for value in values]
        yield f"{figure.title:30}{figure.unit:>4}  " + _row(cells, widths, marked)


def best_of(flows: Sequence[Outcome], figure: Figure) -> float | None:
    """Return the best value of a figure that some flow has; nothing where all are alike."""
    known = {item.figures.get(figure.name) for item in flows} - {None}
    if len(known) < 2 or figure.name == "steps":
        return None
    return (min if figure.less else max)(value for value in known if value is not None)


def _row(cells: Sequence[str], widths: Sequence[int], marked: Sequence[bool] = ()) -> str:
    padded = (f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False))
    marks = chain(marked, repeat(False))
    return "".join(f"  {_bold(cell, on=on)}" for cell, on in zip(padded, marks, strict=False))


def _bold(text: str, *, on: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if on else text
