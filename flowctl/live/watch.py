"""Take over files that change, also where nobody tells of it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from flowctl.live.session import Session

log = logging.getLogger("flowctl")
SETTLED = 0.1  # s a file must rest before it is read again: editors save in several steps
LOOK = 5.0  # s between looks of our own: a network drive does not tell what changed on it

Stamps = dict[str, int]  # when a file was changed, in ns; one that is not there is left out


async def watch(sessions: Sequence[Session], loaded: Sequence[Stamps]) -> None:
    """Reload each flow of which a file has changed since it was loaded."""
    seen = list(loaded)
    async for _ in _occasions(sessions):
        for index, session in enumerate(sessions):
            now = stamps(session.engine.graph.watches)
            if now != seen[index]:
                session.reload()
                others = stamps(session.engine.graph.watches)
                seen[index] = {name: now.get(name, stamp) for name, stamp in others.items()}


def stamps(files: Iterable[str]) -> Stamps:
    """Read when files were changed."""
    found = Stamps()
    for name in files:
        with suppress(OSError):
            found[name] = os.stat(name).st_mtime_ns
    return found


async def _occasions(sessions: Sequence[Session]) -> AsyncIterator[None]:
    """Tell when to look: something beside the files has changed, or some time has passed."""
    from watchfiles import awatch  # only a running flow watches

    while True:
        files = _watched(sessions)
        folders = [folder for folder in {Path(name).parent for name in files} if folder.is_dir()]
        if not folders:
            return
        try:
            told = awatch(
                *folders,
                step=int(SETTLED * 1000),
                rust_timeout=int(LOOK * 1000),
                yield_on_timeout=True,
                recursive=False,
            )
            async for _ in told:
                yield
                if _watched(sessions) != files:
                    break  # a flow names other files now
        except OSError as error:
            said = "the system does not report changes of files (%s): they are looked at every %g s"
            log.warning(said, error, LOOK)
            while True:
                await asyncio.sleep(LOOK)
                yield


def _watched(sessions: Sequence[Session]) -> set[str]:
    return {name for session in sessions for name in session.engine.graph.watches}
