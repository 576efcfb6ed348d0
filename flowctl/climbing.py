"""What climbs and climbs is a counter of energy, and no power."""

from collections.abc import Sequence
from itertools import pairwise

RISES = 20  # with no fall between them: no house draws more and more for so long
ANEW = 0.1  # part of what it had reached below which a counter of the day begins again
DAY = 86400.0


def climbs(times: Sequence[float], watts: Sequence[float]) -> bool:
    """Tell whether values rise often and never fall, but to begin anew once a day."""
    rises = falls = 0
    days = 1 + (times[-1] - times[0]) / DAY
    for was, now in pairwise(watts):
        rises += now > was
        if now < was:
            falls += 1
            if falls > days or not 0 <= now <= ANEW * was:
                return False
    return rises >= RISES
