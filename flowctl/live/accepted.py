"""The files of each flow as they were last taken over, for whoever gives its batteries back.

By then the flow may be half edited or name other devices, and so may what stands beside it; what is
borrowed is in these files.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

FLOW = ""  # the name of the flow file itself among its files
TEXT = {"encoding": "utf-8", "errors": "surrogateescape"}  # whatever is in a file is kept as it is
log = logging.getLogger("flowctl")


def keep(folder: Path, source: Path, watches: tuple[str, ...]) -> None:
    """Note the files of a flow that was just taken over; for its owner only: they hold secrets."""
    place = _place(folder, source)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(_texts(source, watches)))
        fresh.replace(place)
    except OSError as error:  # a full disk must not stop the house
        log.warning("cannot note the flow in %s: %s", place.parent, error.strerror)


@contextmanager
def kept(folder: Path, source: Path) -> Iterator[tuple[str, Path] | None]:
    """Give the text of a flow as it was noted last, and a folder with what stood beside it.

    Nothing if there is none. The folder lasts as long as the block.
    """
    texts = _noted(folder, source)
    if texts is None:
        yield None
        return
    with TemporaryDirectory() as name:
        beside = Path(name)
        for part, text in texts.items():
            if part != FLOW:
                file = beside / part
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, **TEXT)
        yield texts[FLOW].removeprefix("\ufeff"), beside


def _texts(source: Path, watches: tuple[str, ...]) -> dict[str, str]:
    """The flow, and by their names those files beside it that are there."""
    home = source.resolve().parent
    beside = [Path(name).resolve() for name in watches]
    near = [path for path in beside if path != source.resolve() and path.is_relative_to(home)]
    texts = {str(path.relative_to(home)): path.read_text(**TEXT) for path in near if path.exists()}
    return {**texts, FLOW: source.read_text(**TEXT)}


def _noted(folder: Path, source: Path) -> Mapping[str, str] | None:
    try:
        noted = json.loads(_place(folder, source).read_text())
    except (OSError, ValueError):
        return None
    return noted if isinstance(noted, dict) and FLOW in noted else None


def _place(folder: Path, source: Path) -> Path:
    mark = sha256(str(source.resolve()).encode()).hexdigest()[:12]
    return folder / "accepted" / f"{source.stem}-{mark}.json"
