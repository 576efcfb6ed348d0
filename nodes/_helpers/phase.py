"""What a phase carries beside its batteries: known by its readings, kept while it is silent."""

from collections import deque
from typing import NamedTuple

from flowctl import Seconds, Watts

LATELY = 60.0  # s: while a phase is silent, all that it carried so long before counts
FEW = 3  # readings that count however old, and missed beats that are a silence
PATIENCE = 10.0  # s that a phase may be silent before the log tells, whatever its beat
UNKNOWN = 60.0  # s, the beat of one that spoke once: there are meters as slow
FORGETS = 0.9  # a beat that became faster is learned in some twenty readings
SHORT = 2.0  # s: shorter gaps are no silence, whatever the beat
SLOW = 4.0  # s: a beat after which a need that was taken too small would harm for long
OVER = 1.02  # of the limit: more is no noise, and no plan's doing
STANDS = 250.0  # W that batteries move and a living reading shows


class Shown(NamedTuple):
    """Between which ends a meter may show batteries, and what it likely does."""

    low: Watts
    likely: Watts
    high: Watts


class Span(NamedTuple):
    """Least and most of a power."""

    low: Watts
    high: Watts


class Phase:
    """Moves what it carries by new readings only, each against what batteries showed then."""

    def __init__(self, began: Seconds, limit: Watts) -> None:
        self._heard_at, self._beat, self._limit = began, 0.0, limit
        self._watts, self._shown, self._alone = 0.0, Shown(0.0, 0.0, 0.0), False
        self._need, self._lately = 0.0, deque[tuple[Seconds, Span]]()

    def hear(self, watts: Watts, shown: Shown, at: Seconds) -> None:
        """Take a reading, made while its batteries showed as much.

        What is carried moves no more than it must. A word after a silence may be put in its place:
        it stands beside what was known before until another follows. One that repeats itself is no
        news of it, and no sign of life if the batteries have moved.
        """
        if self.known and watts == self._watts:
            if not _moved(shown, self._shown):
                self._live(at)
            return
        self._alone = self.known and at - self._heard_at > max(FEW * self._beat, SHORT)
        self._live(at)
        self._watts, self._shown = watts, shown
        self._note(self._carried(watts, shown), at)

    @property
    def known(self) -> bool:
        """Whether it has spoken."""
        return bool(self._lately)

    def silent(self, at: Seconds) -> bool:
        """Tell whether it has missed some of its beats."""
        return at - self._heard_at >= max(FEW * self._beat, PATIENCE)

    def carries(self, at: Seconds) -> Span:
        """What it draws beside its batteries; all that it drew lately while that is in doubt."""
        if not self._alone and not self.silent(at):
            return self._lately[-1][1]
        spans = [span for _, span in self._lately]
        return Span(min(span.low for span in spans), max(span.high for span in spans))

    def _carried(self, watts: Watts, shown: Shown) -> Span:
        """Move the need: as little as the reading demands, unless that would do harm.

        A jump of the load may look like a command that lands. Above the limit what is likely counts
        if it is worse, and where no reading follows soon the worse of both.
        """
        low, likely, high = (watts + part for part in shown)
        self._need = min(max(self._need if self.known else (low + high) / 2, low), high)
        if abs(watts) > OVER * self._limit:
            self._need = max(self._need, likely) if watts > 0 else min(self._need, likely)
        slow = self.known and self._beat > SLOW
        other = likely if slow else self._need
        return Span(min(self._need, other), max(self._need, other))

    def _live(self, at: Seconds) -> None:
        gap, self._heard_at = at - self._heard_at, at
        if not self.known:
            self._beat = UNKNOWN
        elif self._beat == UNKNOWN:
            self._beat = gap
        else:
            self._beat = max(gap, FORGETS * self._beat + (1 - FORGETS) * gap)

    def _note(self, span: Span, at: Seconds) -> None:
        self._lately.append((at, span))
        while not self._alone and len(self._lately) > FEW and self._lately[0][0] < at - LATELY:
            self._lately.popleft()


def _moved(shown: Shown, before: Shown) -> bool:
    return min(abs(shown.low - before.low), abs(shown.high - before.high)) > STANDS
