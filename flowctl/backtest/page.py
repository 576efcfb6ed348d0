"""A comparison as one page that opens without a network: figures, and the day to look into."""

import base64
import html
import json
import re
import sys
import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from flowctl.backtest.comparison import Comparison
from flowctl.backtest.figures import Figure, by_name
from flowctl.backtest.rebuild import Rebuilt
from flowctl.backtest.series import BatterySeries, Series
from flowctl.backtest.table import beside, best_of, number
from flowctl.backtest.times import changes
from flowctl.backtest.trial import Outcome
from flowctl.backtest.words import headline, remarks, standing
from flowctl.faults import FlowError, faulty

FEW = 4  # flows that a title names
BLANK = re.compile(r"\{\{([A-Z]+)\}\}")


def check_place(path: Path) -> None:
    """Make sure that a page can be written there, before its figures are worked out.

    Raises:
        FlowError: it is a folder, or in a folder that is not there.
    """
    if path.is_dir():
        raise FlowError(f"--report {path}: is a folder; name a file in it: {path / 'report.html'}")
    if not path.parent.is_dir():
        raise FlowError(f"--report {path}: there is no folder {path.parent}; make it first")


def write_page(path: Path, made: Comparison, rebuilt: Rebuilt | None) -> None:
    """Write the page.

    Raises:
        FlowError: the file cannot be written.
    """
    try:
        path.write_text(page(made, rebuilt), encoding="utf-8")
    except OSError as error:
        raise faulty(path, "E700", f"cannot be written: {error.strerror or error}") from None


def page(made: Comparison, rebuilt: Rebuilt | None) -> str:
    """Put the page together."""
    said = [item for item in (standing(made), *remarks(made, rebuilt)) if item]
    parts = {
        "TITLE": html.escape(f"Backtest: {_names(made)}"),
        "HEADLINE": html.escape(headline(made, rebuilt)),
        "REMARKS": "".join(f"<p>{html.escape(item)}</p>" for item in said),
        "FIGURES": "".join(_table(made)),
        "STYLE": _part("page.css"),
        "SCRIPT": _part("draw.js") + _part("page.js"),
        "DATA": _data(made),
    }
    return BLANK.sub(lambda blank: parts[blank[1]], _part("page.html"))


def _names(made: Comparison) -> str:
    labels = [outcome.candidate.label for outcome in made.outcomes]
    if len(labels) <= FEW:
        return ", ".join(labels)
    return f"{labels[0]} and {len(labels) - 1} others"


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _table(made: Comparison) -> Iterator[str]:
    yield "<thead><tr><th></th>"
    for item in made.outcomes:
        yield f"<th>{html.escape(item.candidate.label).replace('/', '/<wbr>')}</th>"
    if made.bounds:
        yield "<th class=bound>clairvoyant</th>"
        yield f"<th class=bound title='{html.escape(made.bounds.policy)}'>causal bound</th>"
    yield "</tr></thead><tbody>"
    for figure in by_name(made.setting.tariff).values():
        yield from _line(made, figure)
    yield "</tbody>"


def _line(made: Comparison, figure: Figure) -> Iterator[str]:
    values = [item.figures.get(figure.name) for item in made.outcomes]
    if all(value is None for value in values):
        return
    best = best_of(made.outcomes, figure)
    unit = f" <small>{html.escape(figure.unit)}</small>" if figure.unit else ""
    yield f"<tr><th title='{html.escape(figure.about)}'>{html.escape(figure.title)}{unit}</th>"
    for value in values:
        mark = " class=best" if value is not None and value == best else ""
        yield f"<td{mark}>{number(value, figure)}</td>"
    if made.bounds:
        for bound in beside(made.bounds, figure) or (None, None):
            yield f"<td class=bound>{'' if bound is None else number(bound, figure)}</td>"
    yield "</tr>"


def _data(made: Comparison) -> str:
    first = next((item.series for item in made.outcomes if item.series), None)
    told: dict[str, Any] = {
        "start": made.start.replace(tzinfo=None).isoformat(timespec="seconds"),
        "changes": list(changes(made.start, made.seconds)),
        "load": _packed(first.load) if first else "",
        "sun": _packed(first.sun) if first and any(first.sun) else "",
        "flows": [_flow(item, item.series) for item in made.outcomes if item.series],
    }
    return json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")


def _flow(outcome: Outcome, series: Series) -> Mapping[str, Any]:
    return {
        "name": outcome.candidate.label,
        "grid": _packed(series.grid),
        "batteries": [_battery(item) for item in series.batteries],
    }


def _battery(item: BatterySeries) -> Mapping[str, Any]:
    words = sorted({reason for _, reason in item.reasons})
    places = {word: place for place, word in enumerate(words)}
    return {
        "name": item.name,
        "power": _packed(item.power),
        "setpoint": _packed(item.setpoint),
        "soc": _packed(item.soc),
        "words": words,
        "reasons": [[second, places[reason]] for second, reason in item.reasons],
    }


def _packed(watts: Sequence[int]) -> str:
    """Differences of neighbours, 16 bits each, packed: a day of seconds is some 50 kB."""
    before, changes = 0, array("H")
    for value in watts:
        changes.append((value - before) & 0xFFFF)
        before = value
    if sys.byteorder == "big":
        changes.byteswap()
    return base64.b64encode(zlib.compress(changes.tobytes(), 9)).decode()
