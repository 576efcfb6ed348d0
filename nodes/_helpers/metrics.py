"""Numbers as Prometheus reads them: series with labels, and the text of a page. Pure.

Source: prometheus.io, exposition formats (text 0.0.4), metric and label naming.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, NamedTuple

from nodes._helpers.payload import plain

TYPE = "text/plain; version=0.0.4; charset=utf-8"
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
INSIDE = "of"  # label of what a record holds by name: the batteries of a plan
UNITS = {  # of the fields of a record, as metrics bear them
    **dict.fromkeys(
        ("power", "setpoint", "max_charge", "max_discharge", "min_power", "cell_power", "pv_power"),
        "watts",
    ),
    **dict.fromkeys(("meter", "load", "target", "unmet", "extra"), "watts"),
    **dict.fromkeys(("can_charge", "can_discharge", "in_flight"), "watts"),
    **dict.fromkeys(("charged", "discharged"), "watt_hours_total"),
    "capacity": "watt_hours",
    "soc": "percent",
    "temperature": "celsius",
    **dict.fromkeys(("write_every", "dead_time", "lag", "start_up", "behind"), "seconds"),
}
COUNTER = "_total"


class Series(NamedTuple):
    """One line of a page: a metric with its labels, and what it says."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    value: float


def series_of(
    value: Any, name: str, labels: Mapping[str, str], fields: Sequence[str] = ()
) -> Iterator[Series]:
    """Make series of a value: a number or truth value, or each such field of a record.

    Raises:
        ValueError: it holds nothing that can be counted.
    """
    fixed = tuple(sorted(labels.items()))
    if isinstance(value, float | int):
        yield Series(name, fixed, float(value))
        return
    told = plain(value) if is_dataclass(value) or isinstance(value, Mapping) else None
    if told is None:
        raise ValueError(f"a {type(value).__name__} is not a number; count one of its fields")
    for field, part in told.items():
        if fields and field not in fields:
            continue
        metric = _metric(name, field)
        if isinstance(part, float | int):
            yield Series(metric, fixed, float(part))
        elif isinstance(part, dict):
            numbers = ((key, one) for key, one in part.items() if isinstance(one, float | int))
            for key, one in numbers:
                yield Series(metric, tuple(sorted((*fixed, (INSIDE, key)))), float(one))


def page(series: Iterable[Series], about: Mapping[str, str]) -> str:
    """Write a page: each metric once with its type, then its series; `about` holds help texts."""
    lines: list[str] = []
    before = ""
    for metric, labels, value in sorted(series):
        if metric != before:
            before = metric
            if metric in about:
                lines.append(f"# HELP {metric} {_escaped(about[metric])}")
            kind = "counter" if metric.endswith(COUNTER) else "gauge"
            lines.append(f"# TYPE {metric} {kind}")
        inside = ",".join(f'{name}="{_quoted(text)}"' for name, text in labels)
        lines.append(f"{metric}{{{inside}}} {value:.15g}" if inside else f"{metric} {value:.15g}")
    return "\n".join([*lines, ""])


def check_name(name: str) -> None:
    """Make sure that Prometheus takes a name of a metric.

    Raises:
        ValueError: it does not.
    """
    if not METRIC.match(name):
        raise ValueError(f"'{name}' is not a name of a metric; use a-z, 0-9 and _")


def check_labels(labels: Mapping[str, str]) -> None:
    """Make sure that Prometheus takes the names of labels.

    Raises:
        ValueError: it does not.
    """
    for name in labels:
        if not LABEL.match(name):
            raise ValueError(f"'{name}' is not a name of a label; use a-z, 0-9 and _")


def _metric(name: str, field: str) -> str:
    unit = UNITS.get(field)
    return re.sub(r"\W", "_", f"{name}_{field}_{unit}" if unit else f"{name}_{field}")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
