"""Where flowctl keeps things on a machine, and where it may lie itself."""

import os
from pathlib import Path


def state_folder() -> Path:
    """Where state is kept unless told otherwise (XDG base directories)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "flowctl"


def cache_folder() -> Path:
    """Where things are kept that can be worked out again."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "flowctl"


def is_checkout(folder: Path) -> bool:
    """Tell whether flowctl's own source lies there: its `nodes/` are the installed ones again."""
    return (folder / "flowctl" / "__init__.py").is_file()
