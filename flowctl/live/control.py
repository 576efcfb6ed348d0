"""A local socket through which a running flow can be watched: `flowctl tap`, `flowctl top`.

One request a connection, as a JSON line: `{"ask": "tap", "names": ["plan*"]}` streams what is said,
`{"ask": "top"}` answers once with a row for each step. Only the user who runs the flow may connect.
"""

import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from flowctl.engine.engine import Engine
from flowctl.faults import nearest
from flowctl.language.flow import INTO
from flowctl.live.session import Session
from flowctl.recordings.plain import plain
from flowctl.signature.node import NodeKind

WINDOW = 1000  # lines a slow watcher may be behind before the oldest are let go
LONGEST = 65_536  # bytes of a request


def socket_path(state: Path, flow: str) -> Path:
    """Return where a running flow of that name listens; a name may hold what no file's may."""
    return state / "run" / f"{quote(flow, safe=' ')}.sock"


def flow_at(path: Path) -> str:
    """Return the name of the flow that listens there."""
    return unquote(path.stem)


def is_answered(state: Path, flow: str) -> bool:
    """Tell whether a flow of that name is running by now."""
    with socket.socket(socket.AF_UNIX) as link:
        try:
            link.connect(str(socket_path(state, flow)))
        except OSError:
            return False
    return True


def listening(state: Path) -> Callable[[Sequence[Session]], Any]:
    """Make a task that serves watchers beside running flows."""

    async def control(sessions: Sequence[Session]) -> None:
        served = [session for session in sessions if not _is_second(session, state)]
        opened = [await _opened(session.engine, state) for session in served]
        servers = [server for server in opened if server]
        marks = [path.stat().st_ino for path, _ in servers]
        try:
            await asyncio.Event().wait()
        finally:
            for (path, server), mark in zip(servers, marks, strict=True):
                server.close()
                if path.exists() and path.stat().st_ino == mark:  # else it is another run's by now
                    path.unlink()

    return control


def _is_second(session: Session, state: Path) -> bool:
    """Tell whether a run only looks on beside one that steers."""
    return session.options.shadow and is_answered(state, session.engine.graph.name)


async def _opened(engine: Engine, state: Path) -> tuple[Path, asyncio.Server] | None:
    try:
        return await _serve(engine, state)
    except OSError as error:  # a system allows about a hundred letters for the name of a socket
        path = socket_path(state, engine.graph.name)
        engine.log.warning("it cannot be watched at %s: %s", path, error)
        return None


async def _serve(engine: Engine, state: Path) -> tuple[Path, asyncio.Server]:
    path = socket_path(state, engine.graph.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        said = f"{path.parent} cannot be made: {error.strerror}"
        raise OSError(f"{said}; `tap` and `top` will not find this run") from None
    path.unlink(missing_ok=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            await _answer(engine, request, reader, writer)
        except (ValueError, OSError, KeyError, TypeError, AttributeError):
            pass  # a watcher that went away, or talks nonsense, concerns nobody
        finally:
            writer.close()

    before = os.umask(0o177)
    try:
        return path, await asyncio.start_unix_server(answer, path, limit=LONGEST)
    finally:
        os.umask(before)


async def _answer(
    engine: Engine,
    request: dict[str, Any],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    if request["ask"] == "top":
        writer.write(_line({"flow": engine.graph.name, "pid": os.getpid(), "steps": rows(engine)}))
        await writer.drain()
        return
    async for told in _tapped(engine, list(map(str, request["names"])), reader):
        writer.write(_line(told))
        await writer.drain()


def rows(engine: Engine) -> list[dict[str, Any]]:
    """Tell of each step what it said, dropped, failed and did not understand; devices' writes."""
    told = []
    for step in engine.graph.steps.values():
        output, log = engine.output(step.id), engine.log_of(step)
        row: dict[str, Any] = {"step": step.id, "node": step.node, "kind": step.kind.value}
        row |= {"count": output.count, "dropped": output.dropped}
        row |= {"failures": log.troubles, "odd": log.odd}
        row["last"] = _shown(output.last)
        if step.id in engine.shells:
            row["writes"] = engine.shells[step.id].counts.writes
        told.append(row)
    return told


async def _tapped(
    engine: Engine, names: list[str], reader: asyncio.StreamReader
) -> AsyncIterator[dict[str, Any]]:
    kept: deque[dict[str, Any]] = deque(maxlen=WINDOW)
    filled = asyncio.Event()
    leaves = [
        engine.output(step_id).listen(-1, _keeper(engine, name, kept, filled))
        for name, step_id in tappable(engine).items()
        if any(fnmatch(name, pattern) for pattern in names)
    ]
    if not leaves:
        known = tappable(engine)
        cure = next(filter(None, (nearest(name, known) for name in names)), "")
        cure = cure or f"streams are {', '.join(engine.graph.streams)}"
        yield {"error": f"no stream or step is called {', '.join(names)}; {cure}"}
        return
    gone = asyncio.ensure_future(reader.read())  # the watcher hangs up
    try:
        while not gone.done():
            waiting = asyncio.ensure_future(filled.wait())
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            filled.clear()
            while kept:
                yield kept.popleft()
    finally:
        gone.cancel()
        for leave in leaves:
            leave()


def tappable(engine: Engine) -> dict[str, str]:
    """Name all that can be tapped: streams, steps, what goes into devices; of a sink its input."""
    steps, streams = engine.graph.steps, engine.graph.streams
    into = [f"{step.stream}/{INTO}" for step in steps.values()]
    known = {name: name for name in into if name in engine.outputs}
    inner = {
        step_id: f"{step.stream}/{INTO}" if step.kind is NodeKind.SINK else step_id
        for step_id, step in steps.items()
    }
    ends = {name: inner[step_id] for name, step_id in streams.items()}
    return {**inner, **known, "errors": "errors", **ends}


def _keeper(
    engine: Engine, name: str, kept: deque[dict[str, Any]], filled: asyncio.Event
) -> Callable[[Any], None]:
    def keep(value: Any) -> None:
        time = round(engine.clock.wall().timestamp(), 3)
        kept.append({"t": time, "stream": name, "value": _shown(value)})
        filled.set()

    return keep


def _shown(value: Any) -> Any:
    try:
        return plain(value)
    except TypeError:
        return repr(value)[:200]


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
