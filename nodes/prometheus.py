"""Show a stream to Prometheus, and to a browser, on a page of metrics."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

from flowctl import Check, Ge, Gt, Latest, Le, Log, Seconds
from nodes._helpers.hosts import Bare
from nodes._helpers.metrics import check_labels, check_name, series_of
from nodes._helpers.metrics_page import Key, metrics_page
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.udp import EVERYWHERE

NO_LABELS: Mapping[str, str] = MappingProxyType({})


async def prometheus(
    values: Latest[Any],
    *,
    name: Annotated[
        str, Check(check_name), "of the metric, e.g. `grid_power_watts`; of a record, how all begin"
    ],
    labels: Annotated[Mapping[str, str], Check(check_labels), "e.g. `{battery: left}`"] = NO_LABELS,
    fields: Annotated[Sequence[str], "of a record, those that are shown; all if not given"] = (),
    about: Annotated[str, "what people read about the metric"] = "",
    port: Annotated[int, Ge(1), Le(65535), "port of the page; steps may share it"] = 9464,
    listen: Annotated[Bare, "own address to listen on"] = EVERYWHERE,
    expire: Annotated[Seconds, Gt(0), "not shown any more after a silence of this long"] = 300.0,
    log: Log,
) -> None:
    """Keep the newest value on `http://THIS-MACHINE:PORT/metrics`; `/` shows it to people.

    In: numbers and truth values, or records, each number of which becomes a metric of its own: of a
    battery `NAME_power_watts`, `NAME_soc_percent`, `NAME_charged_watt_hours_total` and so on, of a
    plan `NAME_watts{of="left"}`. Units and signs are those of flowctl: + into the house. Texts are
    not shown. A field that a record leaves out stays as it was told last.

    Raises:
        OSError: another program has the port.

    Source: prometheus.io, exposition formats (text 0.0.4).
    """
    check_name(name)
    check_labels(labels)
    nonsense, shown = Nonsense(log, name), set[Key]()
    async with metrics_page(listen, port) as page:
        if about:
            page.about[name] = about
        try:
            async for value in values:
                try:
                    series = list(series_of(value, name, labels, fields))
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                nonsense.over()
                page.put(series, expire)
                shown.update((one.metric, one.labels) for one in series)
        finally:
            page.remove(shown)
