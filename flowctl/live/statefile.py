"""The SQLite file behind `Storage`: rows of step, name and JSON text."""

import logging
import sqlite3
from collections.abc import Mapping
from itertools import count
from pathlib import Path

Key = tuple[str, str]  # step id, name
PATIENCE = 5.0  # s to wait for another process that is writing
AWAY = {  # what disks and neighbours do to a sound file; any other error means a broken one
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOLFS,
}
TABLE = (
    "CREATE TABLE IF NOT EXISTS state "
    "(step TEXT, name TEXT, value TEXT, PRIMARY KEY (step, name)) WITHOUT ROWID"
)
PUT = "INSERT OR REPLACE INTO state (step, name, value) VALUES (?, ?, ?)"
DROP = "DELETE FROM state WHERE step = ? AND name = ?"
log = logging.getLogger("flowctl.state")


class StateFile:
    """Reads all at once, writes in transactions; a broken file is set aside and begun anew.

    Raises:
        OSError, sqlite3.Error: the place cannot be read or written (disk full, no right, busy).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._base: sqlite3.Connection | None = None

    def read(self) -> dict[Key, str]:
        """Open the file, or begin one, and return all its rows."""
        if not self.path.exists():
            log.info("%s: there is none yet; every step begins empty", self.path)
        try:
            return self._open()
        except sqlite3.Error as error:
            if is_away(error):
                raise
            self._set_aside(error)
            return self._open()

    def write(self, changes: Mapping[Key, str | None], everything: Mapping[Key, str]) -> None:
        """Save changes (`None` forgets); all there is to know if the file turns out broken."""
        try:
            self._put(changes)
        except sqlite3.Error as error:
            if is_away(error):
                raise
            self._set_aside(error)
            self._open()
            self._put(everything)

    def close(self) -> None:
        """Let go of the file."""
        if self._base:
            self._base.close()
            self._base = None

    def _open(self) -> dict[Key, str]:
        try:
            return self._opened()
        except UnicodeDecodeError as error:  # what SQLite says quotes what is broken
            raise sqlite3.DatabaseError(f"not even its fault can be read: {error.reason}") from None

    def _opened(self) -> dict[Key, str]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        base = self._base = sqlite3.connect(
            self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        (verdict,) = base.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        base.execute(TABLE)
        return {(step, name): text for step, name, text in base.execute("SELECT * FROM state")}

    def _put(self, changes: Mapping[Key, str | None]) -> None:
        base = self._base
        if base is None or not self.path.exists():
            raise sqlite3.DatabaseError("it has gone")
        base.execute("BEGIN IMMEDIATE")
        try:
            for (step, name), text in changes.items():
                if text is None:
                    base.execute(DROP, (step, name))
                else:
                    base.execute(PUT, (step, name, text))
            base.execute("COMMIT")
        except BaseException:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise

    def _set_aside(self, error: Exception) -> None:
        self.close()
        names = (self.path.with_name(f"{self.path.name}.corrupt-{n}") for n in count(1))
        aside = next(name for name in names if not name.exists())
        for tail in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + tail)
            if part.exists():
                part.rename(aside.with_name(aside.name + tail))
        kept = f"; the old one is {aside.name}" if aside.exists() else ""
        log.error("%s is broken (%s): started anew%s", self.path, error, kept)


def is_away(error: sqlite3.Error) -> bool:
    """Tell a file that cannot be reached for now from one that is broken."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in AWAY
