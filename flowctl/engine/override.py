"""Whether a battery holds what it was told, or somebody else has a hand on it."""

import math
from typing import Literal

from flowctl.units import show
from flowctl.values import Battery

READ_BACK_PART = 0.10  # a read-back within 10 % ...
READ_BACK_FLOOR = 100.0  # W ... or 100 W agrees (Omnibattery issue 77: echoes are rounded)
ECHO_S = 2.0  # s a device may still tell its old setpoint (seen: 0.5-2 s, Zendure; 0.2 s, Venus)
LATE_S = 10.0  # s until the last straggler has come in a house that writes all the time
LANDS_S = 30.0  # s until a setpoint shows, at the latest: 15 s of dead time, a lag of 4 s, polls
AGAINST, AGAINST_S = 3, 10.0  # measurements in a row, and s, that no glitch lasts
ANYTHING = (-math.inf, math.inf)  # W that a battery may say it held before it was ours

Verdict = Literal["unknown", "agrees", "less", "lower", "lost", "other"]


class Hold:
    """What a battery was told of late, to compare with what it says it holds."""

    def __init__(self) -> None:
        self.watts = 0.0
        self.whole = False
        """Whether it has said that it took all of that."""
        self._was_whole = False  # of the setpoint before
        self._before: float | None = None
        self._agreed = False
        self._old: list[tuple[float, float]] = []  # until when, and what it held or may have held
        self._against = 0  # measurements of the opposite, without a break ...
        self._against_at = (0.0, 0.0)  # ... the first and the newest of them

    def wrote(self, watts: float, now: float, *, held: float | None) -> None:
        """Note a write; `held` is the setpoint until now, `None` where nobody knows."""
        self._old = [entry for entry in self._old if now - entry[0] < LANDS_S]
        self._old += [(now, old) for old in (ANYTHING if held is None else (held,))]
        self.watts, self._before = watts, held
        self._agreed = self._agreed and held is not None
        self.whole, self._was_whole = False, self.whole

    def judge(self, record: Battery, now: float, *, soon: bool = True) -> Verdict:
        """Compare what a battery tells of itself with what it was told.

        An old setpoint may be told for a while: until then nothing counts, or, `soon`, only what
        can be none of ours.

        `less`: it does the same, but less, as under a limit of its own; `lower`: so soon after a
        write. `lost`: it has never said that it took what it was told. `other`: it had, and holds
        something else now. One that does not tell what it holds is taken at what it does: nobody
        gives where he was told to take.
        """
        old = [watts for until, watts in self._old if now - until < ECHO_S]
        told = record.setpoint
        if record.self_regulating:
            return "unknown" if math.inf in old else self._differs()
        if told is None:
            return self._differs() if self._is_against(record, now) else "unknown"
        if _near(told, self.watts):
            self._agreed = self.whole = True
            return "unknown" if old else "agrees"  # an acceptance is no read-back
        if old:
            return self._soon(told, (*old, self.watts), now) if soon else "unknown"
        if self._before is not None and _near(told, self._before):
            return "lost"
        return "less" if self._is_less(told) else self._differs()

    def _soon(self, told: float, echoes: tuple[float, ...], now: float) -> Verdict:
        """Compare soon after a write: flows write often, so there may be no other time.

        No setpoint of the last while counts, nor what lies on the way from one to another.
        """
        ours = [watts for until, watts in self._old if now - until < LATE_S]
        known = any(_near(told, watts) for watts in ours if math.isfinite(watts))
        if known or not _is_news(told, echoes):
            return "unknown"
        if self._is_less(told):
            self.whole = self.whole or self._was_whole
            return "lower"
        return "other" if self._agreed else "unknown"

    def _is_less(self, told: float) -> bool:
        return self.watts != 0.0 and 0 < told / self.watts < 1

    def _is_against(self, record: Battery, now: float) -> bool:
        """Tell whether it does the opposite for longer than what is on its way explains.

        Told nothing, that is to charge: it may give for reasons of its own, as panels are.
        """
        if record.power is None:
            return False
        told = [self.watts, *(watts for until, watts in self._old if now - until < LANDS_S)]
        if self.watts < 0:
            does = -record.power + (record.pv_power or 0.0)
            most = min(0.0, *(-watts for watts in told))
        else:
            does, most = record.power, min(0.0, *told)
        if does >= most - allowed(most):
            self._against = 0
            return False
        at, (first, newest) = now if record.power_at is None else record.power_at, self._against_at
        if not self._against or at > newest:
            self._against += 1
            self._against_at = (first if self._against > 1 else at, at)
        return self._against >= AGAINST and at - first >= AGAINST_S

    def _differs(self) -> Verdict:
        return "other" if self._agreed else "lost"


def told_apart(record: Battery, watts: float, *, less: bool = False) -> str:
    """Say what a battery does in place of what it was told, and by whose hand."""
    who = "by a limit of its own, or set by somebody else" if less else "set by somebody else"
    return f"it {_doing(record)} where it was told {watts:.0f}W: {who}"


def _doing(record: Battery) -> str:
    if not record.self_regulating and record.setpoint is not None:
        return f"holds {show(round(record.setpoint), 'W')}"
    power = round(record.power or 0.0)
    does = f"{'takes' if power < 0 else 'gives'} {show(abs(power), 'W')}"
    if not record.self_regulating:
        return does
    if record.mode is None:
        return "follows its own meter"
    return f"is in mode {record.mode}" + (f" and {does}" if record.power is not None else "")


def _near(told: float, watts: float) -> bool:
    return abs(told - watts) <= allowed(watts)


def allowed(watts: float) -> float:
    """How far a read-back may be off, W."""
    return max(READ_BACK_FLOOR, READ_BACK_PART * abs(watts))


def _is_news(told: float, echoes: tuple[float, ...]) -> bool:
    """Tell whether this is not an echo, nor on the way from one setpoint to another."""
    low, high = min(echoes), max(echoes)
    return told < low - allowed(low) or told > high + allowed(high)
