"""`flowctl tap`: watch what streams of a running flow say."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from flowctl.faults import FlowError
from flowctl.folders import state_folder
from flowctl.live.ask import ask
from flowctl.recordings.plain import rounded


def tap(
    streams: Annotated[list[str], "streams or stream/step; * and ? match"],
    *,
    flow: Annotated[str | None, "which flow, when several run"] = None,
    limit: Annotated[int, "end after so many values; 0: never"] = 0,
    json_: Annotated[bool, "JSON lines for programs"] = False,
    state: Annotated[Path | None, "state folder of the running flow"] = None,
) -> None:
    """Show values as they are said, with their time. Ctrl-C ends it; the flow runs on.

    Example: flowctl tap 'plan*' --limit 10
    """
    request = {"ask": "tap", "names": streams}
    for number, told in enumerate(ask(state or state_folder(), flow, request), 1):
        if "error" in told:
            raise FlowError(told["error"])
        sys.stdout.write((json.dumps(told) if json_ else _line(told)) + "\n")
        sys.stdout.flush()
        if number == limit:
            return


def _line(told: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(told["t"]))
    value = told["value"]
    shown = value if isinstance(value, str) else json.dumps(rounded(value), ensure_ascii=False)
    return f"{clock}  {told['stream']}  {shown}"
