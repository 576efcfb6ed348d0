"""A B2500 borrowed over MQTT: its timers are ours for a while, and its own again afterwards."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from flowctl import Battery, Clock, Seconds, Store, Terms, Watts
from nodes._helpers.hame_b2500 import Schedule, Slot, Status, steady, stopped
from nodes._helpers.hame_session import Session

BEFORE = "before"  # what it went by when it was borrowed
LOOKS = 3  # at whether it is its own again
SILENCES = 3  # polls without an answer, then it is away


class Loan:
    """Borrows one storage on terms."""

    def __init__(
        self,
        session: Session,
        terms: Terms,
        store: Store,
        clock: Clock,
        log: logging.Logger,
        *,
        most: Watts,
        floor: Watts,
        expires: Seconds | None,
        patience: Seconds,
    ) -> None:
        self._session, self._terms, self._store = session, terms, store
        self._clock, self._log, self._patience = clock, log, patience
        self._most, self._floor, self._expires = most, floor, expires
        self._status: Status | None = None
        self._wanted: Watts | None = None
        self._told: Schedule | None = None
        self._shows = False  # its answers are known to show what it was told
        self._since = clock.time()

    @property
    def overdue(self) -> bool:
        """Whether it was borrowed by an earlier run, and nobody steers it now."""
        late = self._clock.time() - self._since > self._terms.lease
        return BEFORE in self._store and self._wanted is None and late

    def first(self) -> Battery:
        """Tell what it can."""
        return Battery(
            max_charge=0.0,
            max_discharge=self._most,
            min_power=self._floor,
            write_every=self._terms.write_every,
        )

    def hold(self, watts: Watts) -> Battery | None:
        """Tell it a power; nothing is told back before it is known what its timers are.

        Raises:
            OSError: the broker is away.
        """
        self._wanted = float(round(max(0.0, min(watts, self._most))))
        if self._wanted < self._floor:  # an enabled timer gives no less
            self._wanted = self._floor if self._wanted >= self._floor / 2 else 0.0
        return self._order() if self._status else None

    def hear(self, status: Status) -> list[Battery]:
        """Take an answer; return what there is to tell."""
        fresh, self._status = self._status is None, status
        told = [self._telemetry(status)]
        if fresh and self._wanted is not None:
            told.append(self._order())
        return told

    def look(self) -> None:
        """Poll it.

        Raises:
            OSError: it has not answered for too long; or the broker is away.
        """
        if self._session.misses >= SILENCES:
            raise TimeoutError(
                f"it has not answered {SILENCES} polls; are type and MAC right, "
                "and does it use this broker?"
            )
        self._session.poll()

    async def release(self) -> Battery:
        """Give it back, and look whether it is its own again.

        Raises:
            OSError: it does not answer, or keeps what it was told.
        """
        self._wanted = self._told = None
        status = self._status or await self._session.ask(self._patience)
        if status is None:
            raise TimeoutError("it does not answer")
        own = self._own(status)
        for _ in range(LOOKS):
            self._session.say(own.command())
            status = await self._session.ask(self._patience)
            if status and status.schedule == own:
                self._store.pop(BEFORE, None)
                return Battery(setpoint=0.0, self_regulating=own.adaptive and status.meter)
        raise OSError("it does not take its own timers back")

    async def end(self) -> None:
        """Give it back if it was not."""
        if self._wanted is None:
            return
        with suppress(OSError):
            await self.release()
            return
        self._log.warning("it could not be given back; set its timers in the app")

    def _order(self) -> Battery:
        status, wanted = self._status, self._wanted
        assert status is not None
        assert wanted is not None
        if BEFORE not in self._store:
            self._store[BEFORE] = _packed(status.schedule)
        count = len(status.schedule.slots)
        until = None
        if self._expires is not None:
            until = (self._clock.wall().astimezone(), self._expires)
        self._told = steady(wanted, count, until)
        self._session.say(self._told.command())
        return Battery(setpoint=wanted, self_regulating=False)

    def _telemetry(self, status: Status) -> Battery:
        """Add its limits, and its setpoint where it holds another than it was told."""
        battery, told = status.battery, self._told
        passes = battery.pv_power or 0.0
        battery = replace(battery, max_discharge=passes if status.empty else self._most)
        if told is None:
            return battery
        same = status.schedule == told
        self._shows = self._shows or same
        if same or not self._shows:
            return replace(battery, self_regulating=False)
        return replace(battery, setpoint=battery.power)

    def _own(self, status: Status) -> Schedule:
        """What it goes by when nobody steers it."""
        count = len(status.schedule.slots)
        if self._terms.release == "zero":
            return stopped(count)
        before = _unpacked(self._store.get(BEFORE), count)
        return before or stopped(count)._replace(adaptive=status.meter)


def _packed(schedule: Schedule) -> Mapping[str, Any]:
    return {"adaptive": schedule.adaptive, "slots": [list(slot) for slot in schedule.slots]}


def _unpacked(kept: Any, count: int) -> Schedule | None:
    try:
        slots = tuple(Slot(*slot) for slot in kept["slots"])
    except (TypeError, KeyError):
        return None
    return Schedule(bool(kept.get("adaptive")), slots) if len(slots) == count else None
