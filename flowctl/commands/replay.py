"""`flowctl replay`: feed a recording to a flow in virtual time."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

from flowctl.check import load
from flowctl.commands.check import pairs
from flowctl.faults import FlowError
from flowctl.recording import header
from flowctl.replay import replay as play_again
from flowctl.zone import live_in


def replay(
    flow: Annotated[Path, "flow file"],
    recording: Annotated[Path, "recording, CSV or history export"],
    *,
    stream: Annotated[list[str] | None, "only these streams"] = None,
    column: Annotated[list[str] | None, "of a table: stream=column"] = None,
    expect: Annotated[Path | None, "golden file to compare with"] = None,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
) -> int:
    """Show what every stream says now, as JSON lines; with --expect, what differs.

    Calendars are those of the time zone that the recording names.

    Exit code 1 when it differs from the golden file.

    Example: flowctl replay flows/home.yaml day.jsonl.gz --stream plan
    """
    graph = load(flow, sets=pairs(set_))
    columns = pairs(column) if column else None
    live_in(str(header(recording).get("zone", "")))
    encode = json.JSONEncoder(ensure_ascii=False).encode  # as `json.dumps`, made once
    told = (line for line in play_again(graph, recording, columns) if _wanted(line, stream))
    written = (encode(line) for line in told)
    if expect is None:
        for line in written:
            sys.stdout.write(line + "\n")
    elif _differs(written, expect):
        return 1
    return 0


def _wanted(line: dict[str, Any], streams: list[str] | None) -> bool:
    return not streams or line["stream"] in streams


def _differs(written: Iterable[str], golden: Path) -> bool:
    differences = 0
    for number, (now, then) in enumerate(zip_longest(written, _lines(golden)), 1):
        if now != then:
            differences += 1
            if differences <= 5:
                sys.stderr.write(f"{golden}:{number}:\n  then {then}\n  now  {now}\n")
    if differences:
        sys.stderr.write(f"{differences} lines differ from {golden}\n")
    else:
        sys.stdout.write(f"as in {golden}\n")
    return differences > 0


def _lines(golden: Path) -> Iterator[str]:
    try:
        with golden.open(encoding="utf-8") as file:
            yield from (line.rstrip("\n") for line in file)
    except OSError as error:
        raise FlowError(f"{golden}: cannot be read: {error.strerror}") from None
