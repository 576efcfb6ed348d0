"""A table as it stands: the names of its columns, and the cells of each line."""

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from flowctl.faults import Fault, FlowError, Mark, faulty
from flowctl.numerals import written
from flowctl.recordings.columns import Row
from flowctl.recordings.lines import decoded, lines

Cells = Sequence[str]

DELIMITERS = ",;\t"
SEPARATOR = "sep="  # the line before the names in which spreadsheets are told it
SILENT = {"", "unknown", "unavailable", "null", "None"}


class Sheet:
    """A table of a file, read once from its beginning to its end.

    Raises:
        FlowError: it is no text, or no table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        rows: Iterator[str] = map(decoded, lines(path))
        first = next(rows, "")
        if "\0" in first:
            raise faulty(path, "E702", "is no text", "save it as CSV in UTF-8")
        if first.startswith(SEPARATOR):
            first = next(rows, "")
        delimiter = max(DELIMITERS, key=first.count)
        self._table = self._cells(chain([first], rows), delimiter)
        self.comma = delimiter == ";"
        """Whether it was written where decimals have commas."""
        self.heads = [head.strip() for head in next(self._table, (1, [""]))[1]]

    def value(self, cell: str) -> float | str | None:
        """Read one cell: a number where it is one, a text where not, nothing where it is silent."""
        if cell in SILENT:
            return None
        value = written(cell, comma=self.comma)
        if value is None:
            return cell
        return value if math.isfinite(value) else None

    def column(self, place: int) -> Iterator[str]:
        """Yield what stands in a column, where a line has it."""
        return (cells[place] for _, cells in self._table if len(cells) > place)

    def rows(self, split: Callable[[Cells], Iterator[Row]]) -> Iterator[Row]:
        """Split each line; one that is broken is a fault only when another one follows."""
        broken: FlowError | None = None
        for number, cells in self._table:
            if broken:
                raise broken
            try:
                yield from split(cells)
            except (ValueError, IndexError, OverflowError) as error:
                broken = self._broken(number, error)

    def _cells(self, rows: Iterator[str], delimiter: str) -> Iterator[tuple[int, Cells]]:
        """Yield the number of each line that is not empty, and what stands in its cells."""
        table = csv.reader(rows, delimiter=delimiter)
        try:
            yield from ((table.line_num, cells) for cells in table if cells)
        except csv.Error as error:
            raise self._broken(table.line_num, error) from None

    def _broken(self, number: int, error: Exception) -> FlowError:
        said = f"no row of this table: {error}"
        return FlowError([Fault(Mark(str(self.path), number, 1), "E702", "", said)])
