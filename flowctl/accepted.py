"""The text of each flow as it was last taken over, for whoever gives its batteries back.

The file may be half edited, or name other devices by now; what is borrowed is in this text.
"""

import logging
from hashlib import sha256
from pathlib import Path

log = logging.getLogger("flowctl")


def keep(folder: Path, source: Path) -> None:
    """Note the text of a flow that was just taken over; for its owner only, it may hold secrets."""
    place = _place(folder, source)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(source.read_bytes())
        fresh.replace(place)
    except OSError as error:  # a full disk must not stop the house
        log.warning("cannot note the flow in %s: %s", place.parent, error.strerror)


def kept(folder: Path, source: Path) -> str | None:
    """Return the text that was noted last, if any."""
    try:
        return _place(folder, source).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _place(folder: Path, source: Path) -> Path:
    mark = sha256(str(source.resolve()).encode()).hexdigest()[:12]
    return folder / "accepted" / f"{source.stem}-{mark}.yaml"
