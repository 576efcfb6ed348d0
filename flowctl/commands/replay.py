"""`flowctl replay`: feed a recording to a flow in virtual time."""

import json
import logging
import math
import sys
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from flowctl.faults import FlowError, nearest
from flowctl.language.chain import devices
from flowctl.language.check import load
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph
from flowctl.recordings.opening import opening
from flowctl.recordings.plain import DIGITS, rounded
from flowctl.recordings.recording import header
from flowctl.signature.arguments import pairs
from flowctl.virtual.replay import replay as play_again
from flowctl.zone import live_in

FAR, RELATIVE = 2 * 10.0**-DIGITS, 1e-13  # numbers that differ by less are the same


def replay(
    flow: Annotated[Path, "flow file"],
    recording: Annotated[Path, "recording, CSV or history export"],
    *,
    stream: Annotated[list[str] | None, "only these streams"] = None,
    column: Annotated[list[str] | None, "which column or stream is which: meter=p1"] = None,
    expect: Annotated[Path | None, "golden file to compare with"] = None,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
) -> int:
    """Show what every stream says now, as JSON lines; with --expect, what differs.

    A run begins as it was recorded to begin, with what it had learned by then. As long as the flow
    decides by what it decided by then, each battery is written when it was written then. Calendars
    are those of the time zone that the recording names. Numbers are rounded to six
    digits after the point, and compared as such. Exit code 1 when it differs from the golden file.

    Example: flowctl replay flows/home.yaml day.jsonl.gz --stream plan
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    graph = load(flow, sets=pairs(set_))
    for name in stream or ():
        _known(name, graph)
    columns = pairs(column, "--column") or None
    head = header(recording)
    live_in(str(head.get("zone", "")))
    if gaps := opening(head).gaps:
        sys.stderr.write(f"{recording}: {gaps}\n")
    encode = json.JSONEncoder(ensure_ascii=False).encode  # as `json.dumps`, made once
    told = (line for line in play_again(graph, recording, columns) if _wanted(line, stream))
    written = (encode(rounded(line)) for line in told)
    if expect is None:
        for line in written:
            sys.stdout.write(line + "\n")
    elif _differs(written, expect):
        return 1
    return 0


def _known(stream: str, graph: Graph) -> None:
    known = [*graph.streams, *(f"{device}/{INTO}" for device in devices(graph))]
    if stream not in known:
        cure = nearest(stream, known) or f"known: {', '.join(known)}"
        raise FlowError(f"--stream {stream}: no stream is called '{stream}'; {cure}")


def _wanted(line: dict[str, Any], streams: list[str] | None) -> bool:
    return not streams or line["stream"] in streams


def _differs(written: Iterable[str], golden: Path) -> bool:
    differences = 0
    for number, (now, then) in enumerate(zip_longest(written, _lines(golden)), 1):
        if now != then and not _alike(now, then):
            differences += 1
            if differences <= 5:
                sys.stderr.write(f"{golden}:{number}:\n  then {then}\n  now  {now}\n")
    if differences:
        sys.stderr.write(f"{golden}: lines that differ: {differences}\n")
    else:
        sys.stdout.write(f"as in {golden}\n")
    return differences > 0


def _alike(now: str | None, then: str | None) -> bool:
    """Tell whether two lines say the same, but for the last digits of their numbers."""
    try:
        return now is not None and then is not None and _same(json.loads(now), json.loads(then))
    except ValueError:
        return False


def _same(now: Any, then: Any) -> bool:
    if isinstance(now, dict) and isinstance(then, dict):
        return now.keys() == then.keys() and all(_same(now[key], then[key]) for key in now)
    if isinstance(now, list) and isinstance(then, list):
        return len(now) == len(then) and all(map(_same, now, then))
    if isinstance(now, bool) or isinstance(then, bool):
        return now is then
    if isinstance(now, int | float) and isinstance(then, int | float):
        return math.isclose(now, then, rel_tol=RELATIVE, abs_tol=FAR)
    return bool(now == then)


def _lines(golden: Path) -> Iterator[str]:
    try:
        with golden.open(encoding="utf-8") as file:
            yield from (line.rstrip("\n") for line in file)
    except OSError as error:
        raise FlowError(f"{golden}: cannot be read: {error.strerror}") from None
