"""Whether the meter shows any answer to what a battery is told."""

from typing import NamedTuple

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing.bank import TIMINGS, Bank, looked

SHARP = 150.0  # W in one setpoint: who follows a load that climbs slowly, the sun, is told less
LISTEN = 30.0  # s after it: what is missing is asked for again and again meanwhile
PART = 0.4  # of a move: who shows less than half of this is nearer to nothing
SILENT = 100.0  # W that no answer explains better: 250 W of moves of which nothing was seen
ANSWERS = 60.0  # W that an answer explains better: 150 W of moves; more than that counts no more
WRONGED, WRONGED_MOST = 2.0, 4.0  # times as much is needed after each wrong verdict, and at most


class Doubt(NamedTuple):
    """How much better than no answer each timing has explained the meter of late, in W."""

    scores: tuple[Watts, ...] = (0.0,) * len(TIMINGS)
    best: Watts = 0.0
    """Score of the timing that speaks most for it."""
    charging: bool = False
    """What it was told last: to charge, or to discharge."""
    patience: float = 1.0
    """How much more than usual is needed to call it silent."""

    @property
    def is_silent(self) -> bool:
        """Tell whether it does nothing, whatever its timing is."""
        return self.best <= -SILENT * self.patience

    @property
    def is_answer(self) -> bool:
        """Tell whether it does answer."""
        return self.best >= ANSWERS


def is_told(bank: Bank, at: Seconds) -> bool:
    """Tell whether it was told something of late that stands out of what loads do by themselves."""
    goals, begun = bank.goals, bank.begun
    newest = len(goals) - 1
    while newest > 0 and at - begun[newest] < LISTEN:
        if abs(goals[newest] - goals[newest - 1]) > SHARP:
            return True
        newest -= 1
    return False


def weighed(
    doubt: Doubt, bank: Bank, since: Seconds, until: Seconds, given: Watts
) -> tuple[Doubt, Bank]:
    """Compare the power given between two readings with an answer of each timing, and with none."""
    before, after, silence = looked(bank, since), looked(bank, until), abs(given)
    scores = [
        new if (new := score + silence - abs(given - PART * (now - was))) < ANSWERS else ANSWERS
        for score, now, was in zip(doubt.scores, after, before, strict=True)
    ]
    goal = bank.goals[-1]
    charging = goal < 0 if goal else doubt.charging
    judged = Doubt(tuple(scores), max(scores), charging, doubt.patience)
    return judged, _having_read(bank, reading=(until, after))


def anew(doubt: Doubt, told: Watts = 0.0) -> Doubt:
    """Begin anew, with half of what its way to rest will say for it, or against it."""
    score = -min(SILENT, PART / 2 * abs(told))
    return doubt._replace(scores=(score,) * len(TIMINGS), best=score)


def wronged(doubt: Doubt) -> Doubt:
    """Be slower to call it silent again."""
    return doubt._replace(patience=min(WRONGED_MOST, WRONGED * doubt.patience))


_having_read = changer(Bank, "reading")
