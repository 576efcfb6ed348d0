"""Make an existing recording fit to be continued: drop what a kill left half written."""

import gzip
import json
import os
import zlib
from pathlib import Path

from flowctl.faults import faulty
from flowctl.recordings.lines import CHUNK, is_packed, lines


def mend(path: Path) -> None:
    """Cut a half-written end off a recording; a missing or empty file is fine as it is.

    Raises:
        FlowError: the file holds something else, which is not to be written to.
    """
    if not path.exists() or not path.stat().st_size:
        return
    first = next(lines(path), b"")
    if first and not is_ours(first):
        raise faulty(path, "E700", "it exists and is not a recording", "give another name")
    if is_packed(path):
        _mend_packed(path)
    else:
        _mend_plain(path)


def is_ours(line: bytes) -> bool:
    """Tell whether a line is one of a recording."""
    told = _told(line)
    return isinstance(told, dict) and ("flowctl" in told or {"t", "stream"} <= told.keys())


def _told(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _mend_plain(path: Path) -> None:
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - CHUNK))
        tail = file.read()
        last = tail[tail.rfind(b"\n") + 1 :]
        if not last:
            return
        if is_ours(last):
            file.write(b"\n")
        else:
            file.truncate(size - len(last))


def _mend_packed(path: Path) -> None:
    if _is_whole(path):
        return
    fresh = path.with_name(f".{path.name}.mended")
    with gzip.open(fresh, "wb", 1) as file:
        file.writelines(line + b"\n" for line in lines(path) if is_ours(line))
    fresh.replace(path)


def _is_whole(path: Path) -> bool:
    try:
        with gzip.open(path, "rb") as file:
            while file.read(CHUNK):
                pass
    except (EOFError, OSError, zlib.error):
        return False
    return True
