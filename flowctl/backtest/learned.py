"""What flows have learned while they ran: read from their state, never written."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from flowctl.faults import faulty
from flowctl.storage import FILE
from flowctl.store import Store

Kept = Mapping[str, Mapping[str, Any]]
"""What each step keeps, by its name and that of the flow: `home:plan/response_predictor`."""


def read_state(folder: Path) -> Kept:
    """Read the state of a `flowctl run`; it may be running.

    Raises:
        FlowError: there is none, or it cannot be read.
    """
    file = folder / FILE if folder.is_dir() else folder
    kept: dict[str, dict[str, Any]] = {}
    try:
        if not file.is_file():
            raise OSError("there is no such file")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as base:
            for step, name, text in base.execute("SELECT step, name, value FROM state"):
                kept.setdefault(step, {})[name] = json.loads(text)
    except (OSError, sqlite3.Error, ValueError) as error:
        cure = "--learned wants the state folder of a flowctl run (see its --state)"
        raise faulty(file, "E700", f"holds nothing learned: {error}", cure) from None
    return kept


def stores(kept: Kept) -> Callable[[str], Store]:
    """Hand out copies of what is kept, so that a flow begins with what it knows."""
    held: dict[str, Store] = {}

    def store(step: str) -> Store:
        return held.setdefault(step, Store(json.loads(json.dumps(kept.get(step, {})))))

    return store
