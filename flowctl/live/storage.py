"""What steps keep over restarts: held in memory, read whole at open, written behind their back."""

import json
import logging
import math
import sqlite3
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Self

from flowctl.faults import plainly
from flowctl.live.statefile import Key, StateFile
from flowctl.store import Store

FILE = "state.sqlite3"
LINGER = 1.0  # s between a change and its writing: many changes, one write (SD cards wear)
REST = 60  # times as long until the same value is written again: a counter changes each second
log = logging.getLogger("flowctl.state")


class Storage:
    """Hands out the `Store` of each step, and saves what is put there soon and in one go.

    Trouble with the file is told by the log and never raised: steps go on with what is in memory.
    Killed at any moment, it has lost the last second at most; of a value that changes again and
    again, a counter, the last minute. What is written at once is of one moment. The one writer is
    a thread that lives only while there is something to write, so a program that forgets to close
    still saves and ends.
    """

    def __init__(self, folder: Path, *, linger: float = LINGER) -> None:
        self.path = folder / FILE
        self._linger = linger
        self._file: StateFile | None = None
        self._held: dict[str, dict[str, Any]] = {}
        self._texts: dict[Key, str] = {}  # as they are in the file, or soon will be
        self._waiting: dict[Key, str | None] = {}
        self._refused: set[Key] = set()
        self._written_at: dict[Key, float] = {}
        self._lock = threading.Lock()
        self._hurry = threading.Event()
        self._writer: threading.Thread | None = None
        self._failing = False
        self._read()

    def store(self, step_id: str) -> Store:
        """Return what a step keeps; asked again, the same."""
        return Store(self._held.setdefault(step_id, {}), partial(self._keep, step_id))

    def close(self) -> None:
        """Save what is waiting and let go of the file; what is put from here on is not saved."""
        self._hurry.set()
        writer, file = self._writer, self._file
        if writer:
            writer.join()
        if file:
            self._write(rest=0.0)
            self._file = None
            file.close()
        if self._waiting:
            log.error("%s: %d changes could not be saved", self.path, len(self._waiting))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self) -> None:
        file = StateFile(self.path)
        try:
            self._texts = file.read()
            self._file = file
        except (OSError, sqlite3.Error) as error:
            why = plainly(error) if isinstance(error, OSError) else error
            log.error("%s cannot be used: %s; nothing will outlive this run", self.path, why)
            file.close()
        for (step, name), text in self._texts.items():
            try:
                self._held.setdefault(step, {})[name] = json.loads(text)
            except (ValueError, TypeError, RecursionError):
                log.error(
                    "%s: what %s kept as %s is unreadable: it begins empty", self.path, step, name
                )

    def _keep(self, step: str, name: str, value: Any) -> None:
        key = (step, name)
        try:
            text = None if value is None else json.dumps(value, allow_nan=False)
            name.encode()
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            self._refuse(key, error)
            return
        with self._lock:
            if self._texts.get(key) == text or not self._file:
                return
            if text is None:
                del self._texts[key]
            else:
                self._texts[key] = text
            self._waiting[key] = text
            if not self._writer:
                self._start()

    def _refuse(self, key: Key, error: Exception) -> None:
        if key not in self._refused:
            self._refused.add(key)
            said = "%s keeps %a in memory only, it is not JSON: %s"  # %a: half characters, too
            log.warning(said, *key, str(error).encode("ascii", "backslashreplace").decode())

    def _start(self) -> None:
        self._writer = threading.Thread(target=self._write_behind, name="flowctl-state")
        try:
            self._writer.start()
        except RuntimeError as error:  # no more threads, or the interpreter is ending
            self._writer = None
            self._tell(error)

    def _write_behind(self) -> None:
        while self._writer:
            self._hurry.wait(self._linger)
            ending = self._hurry.is_set() or not threading.main_thread().is_alive()
            self._write(rest=0.0 if ending else REST * self._linger)
            with self._lock:
                if self._failing or not self._waiting:
                    self._writer = None

    def _write(self, *, rest: float) -> None:
        now = time.monotonic()
        with self._lock:
            if not any(now - self._written_at.get(k, -math.inf) >= rest for k in self._waiting):
                return
            batch, self._waiting = self._waiting, {}  # all of one moment: a card counts writes
            everything = dict(self._texts)
        if not self._file:
            return
        try:
            self._file.write(batch, everything)
        except Exception as error:  # noqa: BLE001 - the writer must outlive it
            with self._lock:
                self._waiting = batch | self._waiting
            self._tell(error)
        else:
            self._written_at |= dict.fromkeys(batch, now)
            self._tell(None)

    def _tell(self, error: Exception | None) -> None:
        if error and not self._failing:
            log.error("%s cannot be written: %s; the next change tries again", self.path, error)
        elif self._failing and not error:
            log.info("%s is written again", self.path)
        self._failing = error is not None
