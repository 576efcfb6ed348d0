"""`flowctl explain`: why a battery was told what it was told."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any

from flowctl.engine.explanation import Explanation, Said
from flowctl.engine.sentences import command, words
from flowctl.faults import FlowError
from flowctl.language.chain import devices
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.recordings.moments import moment, zone_of
from flowctl.recordings.opening import opening
from flowctl.recordings.plain import plain
from flowctl.recordings.recording import header
from flowctl.signature.arguments import pairs
from flowctl.telling.explain import explain_all
from flowctl.telling.progress import progress
from flowctl.zone import live_in


def explain(
    flow: Annotated[Path, "flow file"],
    recording: Annotated[Path, "recording, CSV or history export"],
    device: Annotated[list[str] | None, "batteries; all if not given"] = None,
    *,
    at: Annotated[str, "18:42:10, 2026-01-31T18:42:10, +90s from the start, or end"] = "end",
    column: Annotated[list[str] | None, "which column or stream is which: meter=p1"] = None,
    json_: Annotated[bool, "for programs"] = False,
    set_: Annotated[list[str] | None, "a var: name=value"] = None,
) -> None:
    """Show the chain from the sample to the setpoint, and what bound it.

    The recording is played to the flow as it is now, up to that time. Where a battery was given
    something else then, that is told, and what the flow makes of it now. A time without a date is
    on the first day of the recording on which it has it.

    Example: flowctl explain flows/home.yaml day.jsonl.gz --at 18:42:10 left
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    graph, columns = load(flow, sets=pairs(set_)), pairs(column, "--column") or None
    zone = zone_of(recording)
    live_in(str(zone))
    when = moment(at, recording, zone, columns)
    with progress("playing it again") as tell:
        found, silent = explain_all(graph, recording, device or _all(graph), when, columns, tell)
    if gaps := opening(header(recording)).gaps:
        sys.stderr.write(f"{recording}: {gaps}\n")
    for one in silent:
        sys.stderr.write(f"{one}\n")
    if json_:
        told: Any = [_plain(one) for one in found]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    sys.stdout.write("\n\n".join("\n".join(_text(one, zone)) for one in found) + "\n")


def _all(graph: Graph) -> list[str]:
    found = devices(graph)
    if not found:
        raise FlowError(f"{graph.name}: no stream of this flow ends in a device")
    return found


def _text(told: Explanation, zone: tzinfo) -> Iterator[str]:
    yield f"At {_clock(told.at, zone)} {told.device} {_does(told)}."
    if told.since is not None and told.since < told.at - 0.05:
        yield f"It has been so since {_clock(told.since, zone)}."
    if told.apart:
        yield f"{told.apart}."
    yield f"Decided by {told.step}" + (f": {told.reason}." if told.reason else ".")
    for total in told.totals:
        yield f"{total}."
    width = max((len(said.step) for said in (*told.chain, *told.beside)), default=0)
    yield ""
    for said in told.chain:
        yield from _lines(said, width, zone)
    if told.beside:
        yield "  Beside it:"
    for said in told.beside:
        yield from _lines(said, width, zone)


def _does(told: Explanation) -> str:
    """Say what a battery is told; or holds, as it says; or would be told."""
    if told.how == "holds" and told.setpoint is not None:
        return f"holds {words(told.setpoint, 'W')}"
    said = command(told.setpoint)
    return said.replace("is ", "would be ", 1) if told.how == "would" else said


def _lines(said: Said, width: int, zone: tzinfo) -> Iterator[str]:
    yield f"  {_clock(said.at, zone)}  {said.step:<{width}}  {said.words}"
    for other in said.beside:
        yield f"{'':16}{'':{width}}    with {other}"


def _clock(time: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time, zone).strftime("%H:%M:%S.%f")[:-3]


def _plain(told: Explanation) -> dict[str, Any]:
    return {
        "device": told.device,
        "at": told.at,
        "setpoint": told.setpoint,
        "played": told.played,
        "apart": told.apart,
        "how": told.how,
        "written_at": told.written_at,
        "since": told.since,
        "wanted": told.wanted,
        "step": told.step,
        "reason": told.reason,
        "totals": list(told.totals),
        "chain": [_step(said, told.epoch) for said in told.chain],
        "beside": [_step(said, told.epoch) for said in told.beside],
    }


def _step(said: Said, epoch: float) -> dict[str, Any]:
    return {
        "step": said.step,
        "node": said.node,
        "at": said.at,
        "value": plain(said.value, epoch),
        "words": said.words,
        "beside": list(said.beside),
    }
