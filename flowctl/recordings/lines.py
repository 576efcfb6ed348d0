"""The lines of a file that may be compressed, and may have been cut off."""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

CHUNK = 1 << 16
MARK = 2  # bytes by which gzip is known


def is_packed(path: Path) -> bool:
    """Tell by its name whether a file is gzip."""
    return path.suffix == ".gz"


def lines(path: Path) -> Iterator[bytes]:
    """Yield every whole line of a file, up to the cut where there is one.

    What follows the last line end counts as a line too; whoever reads it finds out if it is whole.
    """
    rest = b""
    for chunk in chunks(path):
        first, *others = chunk.split(b"\n")
        rest += first
        for line in others:
            yield rest
            rest = line
    if rest:
        yield rest


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the unpacked bytes of a file as far as they can be had."""
    if path.stat().st_size < MARK:
        return
    with _open(path) as file:
        while chunk := _next(file):
            yield chunk


def _open(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if is_packed(path) else path.open("rb")


def _next(file: gzip.GzipFile | BufferedReader) -> bytes:
    try:
        return file.read1(CHUNK)
    except gzip.BadGzipFile:
        if file.tell() == 0:
            raise
    except (EOFError, zlib.error):
        pass
    return b""  # the writer was killed: everything it flushed has been read
