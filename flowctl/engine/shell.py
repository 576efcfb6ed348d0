"""The one shell around every device: a battery is borrowed on terms, never owned."""

import logging
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reactivex.disposable import SerialDisposable

from flowctl.clock import Clock
from flowctl.engine.counts import Counts
from flowctl.engine.lease import SOON, Lease
from flowctl.engine.override import Hold, Verdict, told_apart
from flowctl.engine.recall import Recall
from flowctl.engine.sense import paced, sensible
from flowctl.engine.sentences import HANDED
from flowctl.engine.stay import Stay
from flowctl.store import Store
from flowctl.terms import Terms
from flowctl.units import show
from flowctl.values import RELEASE, Battery, Release


class Shell:
    """Turns wants into writes: limits, lease, dead band, write interval, re-send, release.

    Two have a say beside the flow: the battery's own logic, and whoever sets it in an app.

    `send` gets what goes on the wire: watts (+ discharging), or `RELEASE`. In `shadow` nothing goes
    there, so what the device holds is no answer to us.
    """

    def __init__(
        self,
        terms: Terms,
        clock: Clock,
        send: Callable[[float | Release], None],
        log: logging.Logger,
        *,
        stay: Stay | None = None,
        shadow: bool = False,
        report: Callable[[Exception, Any], None] = lambda _error, _value: None,
    ) -> None:
        self._shadow, self._report = shadow, report
        self.terms, self.counts = terms, Counts()
        self._clock, self._send, self._log = clock, send, log
        self._heard, self._wanted = Recall(), 0.0
        self._lease = Lease()
        self._written: float | None = None
        self._written_at = -math.inf
        self._hold = Hold()
        self._disagreed = 0  # writes in a row whose read-back did not agree
        self._again = False  # so the setpoint is to be written again
        self._stay = stay or Stay(terms, clock, Store())
        self._said_less = False
        self._said_left = False
        self._answers = False
        self._timer, self._armed = SerialDisposable(), math.inf
        self.closed = False
        """Whether it was given back for good."""
        self.ended = ""
        """Why it was given back last."""

    @property
    def written(self) -> float | None:
        """The setpoint in force, W; `None` while the battery is its own."""
        return self._written

    @property
    def is_left(self) -> bool:
        """Whether the battery is left to somebody else for now."""
        return self._stay.rest > 0.0

    def want(self, value: Any) -> None:
        """Take what the flow wants, W. A share of a plan holds no longer than the plan."""
        now = self._clock.time()
        if self.closed or isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(value)
            return
        ends = getattr(value, "valid_until", math.inf)
        if self._lease.is_rest(ends, now):
            return
        if not math.isfinite(value) or ends <= now:
            self._refuse(value)
            return
        self._lease.begin(now, self.terms.lease, ends)
        self._wanted = self.terms.within(float(value), self._heard.known)
        self._act()

    def told(self, record: Battery) -> Battery:
        """Take note of telemetry, and return what the flow is to know of it.

        A battery on its own meter is ours to take, unless the terms say otherwise; one that was
        yielded to somebody else is not. What makes no sense is passed on as it is: the wire leaves
        it out and counts it.
        """
        sense = sensible(record)
        self._heard.hear(sense, self._clock.time())
        self._answers = record.online is not False
        if self._written is not None and not self._shadow:
            self._compare(self._judge(sense), sense)
        return self._as_ours(paced(record, self.terms.write_every))

    def recalled(self) -> Battery | None:
        """All that the flow was told of it, for a step that begins to listen now."""
        told = None if self.closed else self._heard.whole(ours=self._written is not None)
        if told is None or told.self_regulating is None:
            return told
        own = told.self_regulating and self.terms.own_meter != "take"
        return replace(told, self_regulating=self.is_left or own)

    def renew(self) -> None:
        """Write again: the device was away, and may have forgotten."""
        if self._written is not None:
            self._again, self._written_at = True, -math.inf
            self._act()

    def go_by(self, terms: Terms) -> None:
        """Hold a battery on other terms from now on, without giving it back for that."""
        if terms != self.terms:
            self.terms = terms
            self._wanted = terms.within(self._wanted, self._heard.known)
            self._stay.last(terms.stay_away)
            self._act()

    def close(self, why: str) -> None:
        """Give the battery back, for good."""
        self.closed = True
        self._release(why)

    def _judge(self, record: Battery) -> Verdict:
        return self._hold.judge(record, self._clock.time())

    def _compare(self, verdict: Verdict, record: Battery) -> None:
        """Write again what is not held; or leave the battery to whoever has set it."""
        if verdict == "agrees":
            self._disagreed = 0
        elif verdict in ("less", "lower") and self._hold.whole:
            self._less(record)
        if verdict in ("agrees", "unknown", "lower") or self._again:
            return
        if verdict == "other" and not self._disagreed:
            self._overridden(record)
        if self._written is not None:
            self._again = True
            self._disagreed += 1
            self._act()

    def _less(self, record: Battery) -> None:
        if not self._said_less:
            self._log.warning("%s; written again", told_apart(record, self._hold.watts, less=True))
        self._said_less = True

    def _overridden(self, record: Battery) -> None:
        self.counts.overridden += 1
        terms, said = self.terms, told_apart(record, self._hold.watts)
        if terms.on_override == "retake":
            level = logging.WARNING if self.counts.overridden == 1 else logging.DEBUG
            self._log.log(level, "%s; written again", said)
            return
        self._log.warning("%s; left alone for %s", said, show(terms.stay_away, "s"))
        self._stay.begin()
        self._release(HANDED)

    def _as_ours(self, record: Battery) -> Battery:
        """Say of a battery that is left to somebody else, and of no other, that it is its own."""
        left, take = self.is_left, self.terms.own_meter == "take"
        own = self._heard.known.self_regulating
        if not (left or self._said_left or (own and take)):
            return record
        self._said_left = left
        return replace(record, self_regulating=left or (bool(own) and not take))

    def _act(self) -> None:
        now = self._clock.time()
        if self.is_left:
            self._arm(self._stay.rest)
            return
        if self._lease.has_ended(now):
            self._release(self._lease.ran_out())
            return
        due = self._due()
        if now >= due - SOON:
            self._write(now)
            due = self._due()
        self._arm(min(due, self._lease.until) - now)

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
        return self.terms.is_worth(self._wanted, self._written or 0.0, self._heard.known)

    def _write(self, now: float) -> None:
        held, fresh = self._written, self._written is None or self._differs()
        watts = self._wanted if fresh or held is None else self._repeated(held)
        if fresh:
            self._disagreed = 0
        if fresh or self._again or watts != held:
            self._hold.wrote(self._held(watts), now, held=None if self._again else held)
        if self._stay.end():
            self._log.info("left alone for long enough: taken again")
        self.counts.writes += 1
        self.counts.resent += not fresh
        self._written, self._written_at, self._again = watts, now, False
        self._send(watts)

    def _held(self, watts: float) -> float:
        return watts

    def _repeated(self, held: float) -> float:
        """Say anew what a device may have forgotten; else the newest, but that wakes nobody."""
        return held if self._again or held == 0.0 else self._wanted

    def _release(self, why: str) -> None:
        self._timer.disposable, self._armed = None, math.inf
        self._lease.end()
        if self._written is not None:
            self._written, self.ended = None, why
            quiet = self._shadow or not self._answers  # it may be told, and not be so
            self._log.log(logging.DEBUG if quiet else logging.INFO, "released: %s", why)
            self._send(RELEASE)

    def _refuse(self, value: Any) -> None:
        self.counts.refused += 1
        if self.counts.refused == 1 and not self.closed:
            error = ValueError(f"refused {value!r}: not a fresh, finite power in W")
            self._log.warning("%s; further ones are counted", error)
            self._report(error, value)

    def _arm(self, delay: float) -> None:
        """Keep one timer: an armed one that fires too early merely looks again."""
        at = self._clock.time() + max(delay, 0.0)
        if at < self._armed:
            self._armed = at
            self._timer.disposable = self._clock.later(max(delay, 0.0), self._look)

    def _look(self) -> None:
        self._armed = math.inf
        self._act()
