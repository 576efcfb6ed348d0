"""A real browser, for the pages that flowctl writes: headless, and without a network."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

PATIENCE = 100.0  # s, for a busy machine
TO_RUN = 20_000  # ms of the page's own time, which passes as fast as it can
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
    "--window-size=1000,900",
)  # fmt: skip


async def dom(url: str, folder: Path) -> str:
    """Open a page, let its scripts run for some seconds, and return what it is by then."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    options = [*QUIET, f"--user-data-dir={folder / 'chromium'}"]
    options += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
    options += ["--no-sandbox"] if os.getuid() == 0 else []
    process = await asyncio.create_subprocess_exec(
        browser, *options, f"--virtual-time-budget={TO_RUN}", "--dump-dom", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode == 0
    return told.decode()
