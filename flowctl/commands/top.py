"""`flowctl top`: what each step of a running flow does."""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from flowctl.folders import state_folder
from flowctl.live.ask import ask

STEP, NUMBERS = 28, 37  # characters of the columns before the newest value


def top(
    *,
    flow: Annotated[str | None, "which flow, when several run"] = None,
    once: Annotated[bool, "show it once and end"] = False,
    json_: Annotated[bool, "once, for programs"] = False,
    state: Annotated[Path | None, "state folder of the running flow"] = None,
) -> None:
    """Show, for each step: values said and per second, dropped, failures, the newest value.

    `odd` is what a step met that made no sense: payloads it could not read, values it could not
    send. With --once, or where this is no terminal, it is shown once: that takes a second, to tell
    how much is said in one.

    Example: flowctl top --once
    """
    folder = state or state_folder()
    before = next(ask(folder, flow, {"ask": "top"}))
    if json_:
        sys.stdout.write(json.dumps(before) + "\n")
        return
    if once or not sys.stdout.isatty():
        time.sleep(1.0)
        sys.stdout.write(_table(next(ask(folder, flow, {"ask": "top"})), before))
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
    heads = f"{'step':{STEP}}{'said':>9}{'per s':>7}{'dropped':>8}{'failed':>7}{'odd':>6}  newest\n"
    width = shutil.get_terminal_size().columns - STEP - NUMBERS - 3
    rows = [_row(row, counts.get(row["step"], 0), max(width, 8)) for row in now["steps"]]
    return heads + "".join(rows)


def _row(row: dict[str, Any], before: int, width: int) -> str:
    newest = json.dumps(row["last"], ensure_ascii=False)
    newest = newest if len(newest) <= width else newest[: width - 3] + "..."
    said = f"{row['count']:9}{row['count'] - before:7}"
    wrong = f"{row['dropped']:8}{row['failures']:7}{row['odd']:6}"
    return f"{row['step']:{STEP}}{said}{wrong}  {newest}\n"
