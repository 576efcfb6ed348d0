"""`flowctl top`: what each step of a running flow does."""

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from flowctl.ask import ask
from flowctl.folders import state_folder

WIDTH = 40  # characters of a value


def top(
    *,
    flow: Annotated[str | None, "which flow, when several run"] = None,
    once: Annotated[bool, "show it once and end"] = False,
    json_: Annotated[bool, "once, for programs"] = False,
    state: Annotated[Path | None, "state folder of the running flow"] = None,
) -> None:
    """Show, for each step: values said and per second, dropped, failures, the newest value.

    Example: flowctl top --once
    """
    folder = state or state_folder()
    before = next(ask(folder, flow, {"ask": "top"}))
    if json_:
        sys.stdout.write(json.dumps(before) + "\n")
        return
    if once:
        sys.stdout.write(_table(before, before))
        return
    from rich.live import Live

    with Live(_table(before, before), auto_refresh=False) as live:
        while True:
            time.sleep(1.0)
            now = next(ask(folder, flow, {"ask": "top"}))
            live.update(_table(now, before), refresh=True)
            before = now


def _table(now: dict[str, Any], before: dict[str, Any]) -> str:
    counts = {row["step"]: row["count"] for row in before["steps"]}
    heads = f"{'step':32}{'node':22}{'said':>9}{'per s':>7}{'dropped':>9}{'failed':>8}  newest\n"
    return heads + "".join(_row(row, counts.get(row["step"], 0)) for row in now["steps"])


def _row(row: dict[str, Any], before: int) -> str:
    newest = json.dumps(row["last"], ensure_ascii=False)
    newest = newest if len(newest) <= WIDTH else newest[: WIDTH - 3] + "..."
    numbers = f"{row['count']:9}{row['count'] - before:7}{row['dropped']:9}{row['failures']:8}"
    return f"{row['step']:32}{row['node']:22}{numbers}  {newest}\n"
