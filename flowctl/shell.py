"""The one shell around every device: a battery is borrowed on terms, never owned."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reactivex.disposable import SerialDisposable

from flowctl.clock import Clock
from flowctl.terms import Terms
from flowctl.values import RELEASE, Battery, Release

READ_BACK_PART = 0.10  # a read-back within 10 % ...
READ_BACK_FLOOR = 100.0  # W ... or 100 W agrees (Omnibattery issue 77: echoes are rounded)
ECHO_S = 2.0  # s a device may still tell its old setpoint (seen: 0.5-2 s, Zendure; 0.2 s, Venus)
SOON = 1e-6  # s; timers land a hair early


@dataclass
class Counts:
    """What the shell did: writes wear flash, so they are counted."""

    writes: int = 0
    resent: int = 0
    releases: int = 0
    limited: int = 0
    refused: int = 0


class Shell:
    """Turns wants into writes: limits, lease, dead band, write interval, re-send, release.

    `send` gets what goes on the wire: watts (+ discharging), or `RELEASE`.
    """

    def __init__(
        self,
        terms: Terms,
        clock: Clock,
        send: Callable[[float | Release], None],
        log: logging.Logger,
    ) -> None:
        self.terms, self.counts = terms, Counts()
        self._clock, self._send, self._log = clock, send, log
        self._rating = Battery()
        self._wanted = 0.0
        self._until = -math.inf
        self._written: float | None = None
        self._written_at = -math.inf
        self._disagreed = 0  # writes in a row whose read-back did not agree
        self._again = False  # so the setpoint is to be written again
        self._timer, self._armed = SerialDisposable(), math.inf
        self._closed = False

    @property
    def written(self) -> float | None:
        """The setpoint in force, W; `None` while the battery is its own."""
        return self._written

    def want(self, value: Any) -> None:
        """Take what the flow wants, W. A share of a plan holds no longer than the plan."""
        now = self._clock.time()
        if self._closed or isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(value)
            return
        until = min(now + self.terms.lease, getattr(value, "valid_until", math.inf))
        if not math.isfinite(value) or until <= now:
            self._refuse(value)
            return
        self._wanted, self._until = self._limited(float(value)), until
        self._act()

    def told(self, record: Battery) -> None:
        """Take note of telemetry: its rating, and whether its read-back agrees."""
        self._rating = record.after(self._rating)
        if self._written is None or record.setpoint is None:
            return
        if self._clock.time() - self._written_at < ECHO_S:
            return
        allowed = max(READ_BACK_FLOOR, READ_BACK_PART * abs(self._written))
        if abs(record.setpoint - self._written) <= allowed:
            self._disagreed = 0
        elif not self._again:
            self._again = True
            self._disagreed += 1
            self._act()

    def renew(self) -> None:
        """Write again: the device was away, and may have forgotten."""
        if self._written is not None:
            self._again, self._written_at = True, -math.inf
            self._act()

    def close(self) -> None:
        """Give the battery back, for good."""
        self._closed = True
        self._release()

    def _act(self) -> None:
        now = self._clock.time()
        if now >= self._until - SOON:
            self._release()
            return
        due = self._due()
        if now >= due - SOON:
            self._write(now)
            due = self._due()
        self._arm(min(due, self._until) - now)

    def _due(self) -> float:
        """When the next write is due: as soon as allowed when it differs, else to refresh.

        A device that keeps telling another setpoint is asked less and less often: writes wear it.
        """
        soon, refresh = self.terms.write_every, max(self.terms.refresh, self.terms.write_every)
        if self._written is None or self._differs():
            return self._written_at + soon
        if self._again:
            return self._written_at + min(refresh, soon * 2.0 ** max(0, self._disagreed - 1))
        return self._written_at + refresh

    def _differs(self) -> bool:
        change = abs(self._wanted - (self._written or 0.0))
        stops = self._wanted == 0.0 and self._written != 0.0
        return change > 0 and (change >= self.terms.deadband or stops)

    def _write(self, now: float) -> None:
        fresh = self._written is None or self._differs()
        if fresh:
            self._written, self._disagreed = self._wanted, 0
        self.counts.writes += 1
        self.counts.resent += not fresh
        self._written_at, self._again = now, False
        if self._written is not None:
            self._send(self._written)

    def _release(self) -> None:
        self._timer.disposable, self._armed = None, math.inf
        self._until = -math.inf
        if self._written is not None:
            self._written = None
            self.counts.releases += 1
            self._log.info("released")
            self._send(RELEASE)

    def _limited(self, watts: float) -> float:
        terms, rating = self.terms, self._rating
        low = -min(_or_inf(terms.max_charge), _or_inf(rating.max_charge))
        high = min(_or_inf(terms.max_discharge), _or_inf(rating.max_discharge))
        held = min(max(watts, low), high) + 0.0
        self.counts.limited += held != watts
        return held

    def _refuse(self, value: Any) -> None:
        self.counts.refused += 1
        if self.counts.refused == 1 and not self._closed:
            self._log.warning("refused %r: no fresh, finite power in W", value)

    def _arm(self, delay: float) -> None:
        """Keep one timer: an armed one that fires too early merely looks again."""
        at = self._clock.time() + max(delay, 0.0)
        if at < self._armed:
            self._armed = at
            self._timer.disposable = self._clock.later(max(delay, 0.0), self._look)

    def _look(self) -> None:
        self._armed = math.inf
        self._act()


def _or_inf(limit: float | None) -> float:
    return math.inf if limit is None else abs(limit)
