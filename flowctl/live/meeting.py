"""Batteries are heard before they are told anything: what was decided before is a guess."""

import asyncio
from collections.abc import Callable
from typing import Any

from flowctl.values import Battery, Release

PATIENCE = 5.0  # s from the start on: some devices never tell their power
THOUGHT = 0.75  # s to plan anew with what was heard: an outlook comes each 0.5 s


class Meeting:
    """Devices that begin together: each waits until all have told their power, or are away."""

    def __init__(self) -> None:
        self._unheard: set[Seat] = set()
        self._waiting: set[Seat] = set()

    def join(self, put: Callable[[Any], None], renew: Callable[[], None]) -> "Seat":
        """Take part; `put` gets what is to be told, `renew` asks for the newest of it."""
        seat = Seat(put, renew, self._known)
        self._unheard.add(seat)
        self._waiting.add(seat)
        return seat

    def _known(self, seat: "Seat") -> None:
        self._unheard.discard(seat)
        if not self._unheard:
            for one in self._waiting:
                one.open_in(THOUGHT)
            self._waiting.clear()


class Seat:
    """Keeps a device from being told anything until all know each other; a release passes."""

    def __init__(
        self,
        put: Callable[[Any], None],
        renew: Callable[[], None],
        known: Callable[["Seat"], None],
    ) -> None:
        self._put, self._renew, self._tell_known = put, renew, known
        self._is_known, self._is_open, self._owes = False, False, False
        self._timer: asyncio.TimerHandle | None = None
        self.open_in(PATIENCE)

    def put(self, value: Any) -> None:
        """Pass it on, or ask for a newer one later."""
        if isinstance(value, Release):
            self.leave()
        if self._is_open:
            self._put(value)
        else:
            self._owes = True

    def say(self, record: Any) -> None:
        """Take note of what the device tells."""
        if isinstance(record, Battery) and (record.power is not None or record.online is False):
            self.known()

    def known(self) -> None:
        """Take note that it is known what the device does: it told, or it is away."""
        if not self._is_known:
            self._is_known = True
            self._tell_known(self)

    def open_in(self, seconds: float) -> None:
        """Keep nothing any more after a while."""
        if not self._is_open:
            self._disarm()
            self._timer = asyncio.get_running_loop().call_later(seconds, self._open)

    def leave(self) -> None:
        """Keep nothing any more, and let nobody wait."""
        self._disarm()
        self._is_open, self._owes = True, False
        self.known()

    def _open(self) -> None:
        owes = self._owes
        self.leave()
        if owes:
            self._renew()

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
