"""Run flows as a user does, in a process of their own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flowctl.live.guardian import MOST, RESTARTED


@asynccontextmanager
async def flowctl_runs(
    flow: Path, home: Path, *options: str, **env: str
) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """Run a flow until the block ends, or it is killed: then it is not started again."""
    command = [sys.executable, "-m", "flowctl", "run", str(flow), "--no-view", *options]
    places = {"XDG_STATE_HOME": str(home / "state"), "HOME": str(home), RESTARTED: str(MOST)}
    process = _start(command, {**os.environ, **places, **env}, home)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        await asyncio.to_thread(process.wait, 30)


def _start(command: list[str], env: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=env, cwd=folder)
