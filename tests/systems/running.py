"""Run flows: in the loop of a test, or as a user does, in a process of their own."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flowctl.language.check import load
from flowctl.live.clock import LiveClock
from flowctl.live.guardian import MOST, RESTARTED
from flowctl.live.session import Options, Session
from flowctl.live.storage import Storage

PATIENCE = 30  # s for a flow to end


@dataclass(kw_only=True)
class Startable:
    """A house whose flow can be started, stopped, and started again with the state it kept."""

    flow: Path
    state: Path
    quick: dict[str, str]
    """Vars by which it does within seconds what takes minutes in a house."""
    env: dict[str, str] = field(default_factory=dict)
    session: Session | None = None
    _storage: Storage | None = None
    _typed: list[Process] = field(default_factory=list)

    def start(self, **sets: str) -> None:
        options = Options(sets=self.quick | sets)
        graph = load(self.flow, sets=options.sets, env=self.env)
        self._storage = Storage(self.state)
        self.session = Session(self.flow, graph, LiveClock(), options, self._storage)
        self.session.start()

    async def stop(self) -> None:
        session, self.session = self.session, None
        if session:
            await session.stop()
        if self._storage:
            self._storage.close()
            self._storage = None

    async def typed(self, *options: str) -> Process:
        """Start the flow as a user does, by its name; `aclose` ends it at the latest."""
        given = (*setting(self.quick), *options)
        command = [sys.executable, "-m", "flowctl", "run", str(self.flow), *given]
        env = {**os.environ, **self.env, "XDG_STATE_HOME": str(self.state.parent)}
        made = await asyncio.create_subprocess_exec(*command, env=env, stdout=PIPE, stderr=PIPE)
        self._typed.append(made)
        return made

    async def aclose(self) -> None:
        """Leave nothing running, however the test went."""
        await self.stop()
        for process in self._typed:
            if process.returncode is None:
                process.kill()
                await process.communicate()


def setting(variables: Mapping[str, str]) -> list[str]:
    """Give vars as `flowctl run` takes them."""
    return [part for name, value in variables.items() for part in ("--set", f"{name}={value}")]


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
        try:
            await asyncio.to_thread(process.wait, PATIENCE)
        finally:
            process.kill()  # it is over by now, or hangs


def _start(command: list[str], env: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command, env=env, cwd=folder)
