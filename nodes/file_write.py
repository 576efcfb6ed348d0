"""Keep the newest value of a stream in a file."""

import os
from pathlib import Path
from typing import Annotated, Any

from flowctl import Latest, Log
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import Style, encoder


async def file_write(
    values: Latest[Any],
    *,
    path: Annotated[Path, "the file; its folder is made if it is not there"],
    format: Annotated[Style, "`plain` writes texts as they are; `json` quotes them"] = "plain",
    log: Log,
) -> None:
    """Write each value over the one before: texts as they are, records as JSON objects.

    The file is replaced as a whole, so whoever reads it finds an old value or a new one, never half
    of one. Where values come faster than the disk takes them, the newest counts.

    Raises:
        OSError: the file cannot be written.
    """
    encode, nonsense = encoder(format), Nonsense(log, str(path))
    async for value in values:
        try:
            content = encode(value)
        except ValueError as why:
            nonsense.heard(why)
            continue
        _replace(path, content)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise OSError(f"{path} cannot be written: {error.strerror or error}") from None
