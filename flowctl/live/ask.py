"""The watcher's side of a running flow's socket."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowctl.faults import FlowError
from flowctl.live.control import flow_at, is_answered, socket_path


def ask(state: Path, flow: str | None, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Ask a running flow and yield its answers, line by line.

    Raises:
        FlowError: no such flow runs, or several do and none was named.
    """
    path = _path(state, flow)
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(str(path))
        except OSError:
            raise FlowError(f"no flow '{flow_at(path)}' is running here; start it first") from None
        link.sendall(json.dumps(request).encode() + b"\n")
        with link.makefile(encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def _path(state: Path, flow: str | None) -> Path:
    if flow:
        return socket_path(state, flow)
    sockets = sorted((state / "run").glob("*.sock"))  # a killed flow leaves its own
    running = [path for path in sockets if is_answered(state, flow_at(path))]
    if not running:
        raise FlowError("no flow is running here; start one with `flowctl run`")
    if len(running) > 1:
        names = ", ".join(flow_at(path) for path in running)
        raise FlowError(f"several flows run: {names}; choose one with --flow")
    return running[0]
