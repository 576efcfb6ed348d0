"""Whether a battery holds what it was told, or somebody else has a hand on it."""

import math
from typing import Literal

from flowctl.values import Battery

READ_BACK_PART = 0.10  # a read-back within 10 % ...
READ_BACK_FLOOR = 100.0  # W ... or 100 W agrees (Omnibattery issue 77: echoes are rounded)
ECHO_S = 2.0  # s a device may still tell its old setpoint (seen: 0.5-2 s, Zendure; 0.2 s, Venus)
ANYTHING = (-math.inf, math.inf)  # W that a battery may say it held before it was ours

Verdict = Literal["unknown", "agrees", "less", "lost", "other"]


class Hold:
    """What a battery was told of late, to compare with what it says it holds."""

    def __init__(self) -> None:
        self.watts = 0.0
        self._before: float | None = None
        self._agreed = False
        self._old: list[tuple[float, float]] = []  # until when, and what it held or may have held

    def wrote(self, watts: float, now: float, *, held: float | None) -> None:
        """Note a write; `held` is the setpoint until now, `None` where nobody knows."""
        self._old = [entry for entry in self._old if now - entry[0] < ECHO_S]
        self._old += [(now, old) for old in (ANYTHING if held is None else (held,))]
        self.watts, self._before = watts, held
        self._agreed = self._agreed and held is not None

    def judge(self, record: Battery, now: float, *, soon: bool = False) -> Verdict:
        """Compare what a battery tells of itself with what it was told.

        An old setpoint may be told for a while; with `soon`, only those it can be are forgiven.

        `less`: it does the same, but less, as under a limit of its own. `lost`: it has never said
        that it took what it was told. `other`: it had, and holds something else now.
        """
        old = [watts for until, watts in self._old if now - until < ECHO_S]
        told = record.setpoint
        if record.self_regulating:
            return "unknown" if math.inf in old else self._differs()
        if told is None:
            return "unknown"
        if _near(told, self.watts):
            self._agreed = True
            return "unknown" if old else "agrees"  # an acceptance is no read-back
        if old and not (soon and _is_news(told, (*old, self.watts))):
            return "unknown"
        if self._before is not None and _near(told, self._before):
            return "lost"
        return "less" if self.watts and 0 < told / self.watts < 1 else self._differs()

    def _differs(self) -> Verdict:
        return "other" if self._agreed else "lost"


def _near(told: float, watts: float) -> bool:
    return abs(told - watts) <= allowed(watts)


def allowed(watts: float) -> float:
    """How far a read-back may be off, W."""
    return max(READ_BACK_FLOOR, READ_BACK_PART * abs(watts))


def _is_news(told: float, echoes: tuple[float, ...]) -> bool:
    """Tell whether this is no echo, nor on the way from one setpoint to another."""
    low, high = min(echoes), max(echoes)
    return told < low - allowed(low) or told > high + allowed(high)
