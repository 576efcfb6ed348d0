"""Recordings: JSON lines, one per value, gzip when the name ends in `.gz`.

    {"flowctl": 1, "flow": "home", "version": "0.1.0", "zone": "Europe/Berlin", "began": ...}
    {"t": 1793000000.25, "stream": "meter", "value": -321.5}
    {"t": 1793000000.31, "stream": "left/in", "value": 321.5}

`t` is seconds since the epoch. The header is optional, and stands again where a recording was
continued. `left/in` is what was written to a battery, `null` a release; `LAW` is told where a flow
was changed while it ran. A file that was cut off reads up to the cut.
"""

import gzip
import json
import math
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import islice, pairwise
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self, cast

from flowctl.faults import Fault, FlowError, Mark, faulty
from flowctl.recordings.columns import Row, parted, summed
from flowctl.recordings.lines import is_packed, lines
from flowctl.recordings.mending import mend
from flowctl.recordings.opening import UNKNOWN, Opening
from flowctl.recordings.plain import plain
from flowctl.recordings.renaming import as_table, renamed
from flowctl.recordings.tables import column_names, read_table
from flowctl.zone import here

FORMAT = 1
RESTART = ""  # a stream that no flow has: told with the header
LAW = "/law"  # another one
FLUSH = 2.0  # seconds of recording that a killed process may lose
LEVEL = 1  # of gzip: the fastest
WINDOW = 200_000  # rows put in time order at once; a longer file has to be nearly in order
DAY = 86400.0
LEAP = 400 * DAY  # no recording pauses for so long; a clock that was not set yet does
SLACK = 60.0  # seconds by which a row of a longer file may come late


class Recorder:
    """Appends what is said to a file; what has been flushed survives a kill.

    `epoch` is the date of second 0 of the run's clock: times inside records are told by it.
    """

    def __init__(
        self, path: str | Path, *, flow: str = "", zone: str = "", epoch: float = 0.0,
        run: Opening = UNKNOWN,
    ) -> None:  # fmt: skip
        self.epoch, self._flushed = epoch, -math.inf
        self._file = _append(Path(path))
        made = {"flowctl": FORMAT, "flow": flow, "version": version("flowctl"), "zone": zone}
        self._put({**made, **run.header()})
        self.flush()

    def write(self, t: float, stream: str, value: Any) -> None:
        """Record one value at a time since the epoch; a number that is not finite is left out.

        Raises:
            TypeError: the value is nothing that may be on a wire.
            OSError: the disk is full or gone.
        """
        if isinstance(value, float) and not math.isfinite(value):
            return
        self._put({"t": round(t, 6), "stream": stream, "value": plain(value, self.epoch)})
        if not 0 <= t - self._flushed < FLUSH:
            self._flushed = t
            self.flush()

    def flush(self) -> None:
        """Hand everything written so far to the system."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _put(self, told: Mapping[str, Any]) -> None:
        # a broken character becomes \\udc80, which JSON reads as the same broken character
        self._file.write(_encode(told).encode(errors="backslashreplace") + b"\n")


def read(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    zone: str = "",
    start: float = 0.0,
    restarts: bool = False,
) -> Iterator[Row]:
    """Yield `(t, stream, value)` in time order; equal times keep the order of the file.

    With `restarts`, a row of the stream `RESTART` stands before what a flow that was started again
    heard first; its value is the header of that run.

    Values are plain JSON; `plain.typed` gives them the type of a wire. `columns` names for each
    stream the column of a table (or the entity of a Home Assistant export), or the stream of a
    recording that has another name; `zone` (if not given, that of this machine) and `start` say
    what its times without zone or date mean.

    Raises:
        FlowError: the file cannot be read, or a line of it is not a recorded value.
    """
    file = Path(path)
    try:
        if as_table(file, columns):
            where = zone or str(here())
            parts = parted(columns or {}, column_names(file))
            whole, rows = read_table(file, parts, zone=where, start=start)
            yield from summed(_in_order(file, rows, None if whole else WINDOW), parts)
        elif columns is None:
            yield from _in_order(file, _rows(file, restarts=restarts), WINDOW)
        else:
            parts = parted(columns, ())
            held = _in_order(file, _rows(file, restarts=restarts), WINDOW)
            yield from summed(renamed(file, held, parts), parts)
    except OSError as error:
        raise faulty(path, "E700", f"cannot be read: {error.strerror or error}") from None


def header(path: str | Path) -> dict[str, Any]:
    """Return what the first line tells of a recording (flow, version, zone), or nothing.

    Of a run that heard nothing, what stands before the first value counts.
    """
    found: dict[str, Any] = {}
    try:
        for line in lines(Path(path)):
            told = _header(line)
            if not told:
                break
            found = told
    except OSError:
        return {}
    return found


def _header(line: bytes) -> dict[str, Any]:
    try:
        told = _decode(line)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and "flowctl" in told else {}


def _append(path: Path) -> IO[bytes]:
    try:
        mend(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        return cast(IO[bytes], gzip.open(path, "ab", LEVEL)) if is_packed(path) else path.open("ab")
    except OSError as error:
        raise faulty(path, "E700", f"cannot be written: {error.strerror or error}") from None


def _in_order(path: Path, rows: Iterator[Row], window: int | None) -> Iterator[Row]:
    reached = -math.inf
    while held := list(islice(rows, window)):
        held.sort(key=itemgetter(0))
        if held[0][0] < reached - SLACK:
            back = reached - held[0][0]
            raise faulty(
                path, "E703", f"time goes back by {back:.0f}s", "put its lines in time order"
            )
        _no_leap(path, [reached if reached > -math.inf else held[0][0], *(row[0] for row in held)])
        yield from held
        reached = held[-1][0]


def _no_leap(path: Path, times: list[float]) -> None:
    """Refuse rows of another time: nobody waits for years of nothing to be played again."""
    if times[-1] - times[0] <= LEAP:
        return
    for before, after in pairwise(times):
        if after - before > LEAP:
            said = f"time goes on by {(after - before) / DAY:.0f} days from one line to the next"
            raise faulty(path, "E703", said, "remove the lines of another time")


def _rows(path: Path, *, restarts: bool) -> Iterator[Row]:
    """Yield rows in file order; a broken line is a fault only when another one follows."""
    broken: Fault | None = None
    again: dict[str, Any] | None = None
    begun = False
    for number, line in enumerate(lines(path), 1):
        if broken:
            raise FlowError([broken])
        try:
            row = _row(line)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            if b'"flowctl"' in line:
                again = _header(line) if begun and restarts else None
            elif line.strip():
                broken = _fault(path, number, line, error)
            continue
        if again is not None:
            yield row[0], RESTART, again
        again, begun = None, True
        yield row


def _row(line: bytes) -> Row:
    told = _decode(line)
    t, stream, value = told["t"], told["stream"], told["value"]
    if isinstance(t, bool) or not isinstance(t, float | int) or not math.isfinite(t):
        raise ValueError(f"t is {t!r}, not seconds")
    if not isinstance(stream, str):
        raise TypeError(f"stream is {stream!r}, not a name")
    return float(t), stream, value


def _fault(path: Path, number: int, line: bytes, error: Exception) -> Fault:
    said = f"it has no {error}" if isinstance(error, KeyError) else str(error)
    source = line[:200].decode(errors="replace")
    cure = 'a line is {"t": seconds, "stream": "meter", "value": ...}'
    return Fault(Mark(str(path), number, 1), "E701", "", f"no value: {said}", cure, source)


def _decode(line: bytes) -> Any:
    """Decode one line in half the time of `json.loads`."""
    text = line.decode().strip()
    told, end = _decoder.raw_decode(text)
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return told


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


_decoder = json.JSONDecoder(parse_constant=_refuse)
_encode = json.JSONEncoder(ensure_ascii=False).encode
