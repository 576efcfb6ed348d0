"""The lines of a file that may be compressed, and may have been cut off."""

import gzip
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from io import BufferedReader
from itertools import chain
from pathlib import Path

CHUNK = 1 << 16
MARK = 2  # bytes by which gzip is known
LATIN = "cp1252"  # what Windows wrote, where it is not UTF-8; ASCII is the same in both


def is_packed(path: Path) -> bool:
    """Tell by its name whether a file is gzip."""
    return path.suffix == ".gz"


def lines(path: Path) -> Iterator[bytes]:
    """Yield every whole line of a file, up to the cut where there is one; UTF-16 as UTF-8.

    What follows the last line end counts as a line too; whoever reads it finds out if it is whole.
    """
    rest = b""
    for chunk in _unmarked(chunks(path)):
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


def decoded(line: bytes) -> str:
    """Read a line as UTF-8, or else as Windows had it."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(LATIN, errors="replace")


def _unmarked(found: Iterator[bytes]) -> Iterator[bytes]:
    """Take the mark off the beginning of a text, and put UTF-16 into UTF-8."""
    first = next(found, b"")
    if not first.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        yield first.removeprefix(BOM_UTF8)
        yield from found
        return
    decoder = getincrementaldecoder("utf-16")("replace")
    yield from (decoder.decode(chunk).encode() for chunk in chain([first], found))


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
