"""Read a CSV or JSON-lines file as a stream that keeps its own times."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any

from flowctl import Ge, Log, Present, Seconds, UnitFrom
from nodes._helpers.fields import frozen, pick, read_number
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.rows import TIMES, rows, seconds


async def file_read(
    *,
    path: Annotated[Path, Present(), "a .csv or .jsonl file, or either packed as .gz"],
    column: Annotated[str, "column or field to give; without it the only one, or all"] = "",
    time: Annotated[str, "column of the times; without it the usual names are tried"] = "",
    stream: Annotated[str, "of a recording: give only what this stream said"] = "",
    unit: Annotated[str | None, "unit of the numbers, e.g. W"] = None,
    speed: Annotated[float, Ge(0), "1 is the file's own pace, 60 an hour a minute, 0 no wait"] = 1,
    every: Annotated[
        Seconds | None, Ge(0.01), "the beat of a file without times; the flow must keep up"
    ] = None,
    log: Log,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """One value per row, at the pace of the rows' times; the stream ends with the file.

    Numbers come as numbers, other texts as texts, several columns as one record by name. An empty
    cell is silence. Times are seconds, or dates as ISO 8601 writes them. A file that was cut off
    is read up to the cut; odd rows are counted and passed over.
    """
    nonsense = Nonsense(log, str(path))
    loop = asyncio.get_running_loop()
    start, began = loop.time(), None
    for count, row in enumerate(_of_stream(rows(path, nonsense.heard), stream)):
        try:
            at = count * every if every else seconds(pick(row, time or _usual(row)))
            value = _value(row, column, time, unit)
        except ValueError as why:
            nonsense.heard(why)
            continue
        began = at if began is None else began
        gone = loop.time() - start
        await asyncio.sleep(max(0.0, (at - began) / speed - gone) if speed else 0.0)
        if value is not None:
            yield value


def _of_stream(read: Iterator[dict[str, Any]], stream: str) -> Iterator[dict[str, Any]]:
    return (row for row in read if not stream or row.get("stream") == stream)


def _usual(row: dict[str, Any]) -> str:
    found = next((name for name in TIMES if name in row), "")
    if not found:
        raise ValueError(f"no column of times among {', '.join(row)}; name it: 'time: ...'")
    return found


def _value(row: dict[str, Any], column: str, time: str, unit: str | None) -> Any:
    ends = {time or next((name for name in TIMES if name in row), ""), "stream"}
    rest = {name: value for name, value in row.items() if name not in ends}
    value = pick(row, column) if column else rest
    if not column and len(rest) == 1:
        value = next(iter(rest.values()))
    if value is None:
        return None
    return read_number(value) if unit else frozen(value)
