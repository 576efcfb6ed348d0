"""A small house whose meter is not as good as it should be: it rounds, and it repeats itself."""

import random
from collections.abc import Callable

from tests.nodes.small_house import GRAIN, Cell, SmallHouse

Shows = Callable[[float, float], float]
"""What a meter says, of the truth and the time."""


class Metered(SmallHouse):
    """A small house whose meter is read each `every` s and says what `shows` makes of the truth."""

    def __init__(self, cells, load, shows: Shows, every: float = 1.0, **settings) -> None:
        super().__init__(cells, load, **settings)
        self.meter_works, self.shows, self.every = False, shows, every

    def live(self, seconds: float) -> "Metered":
        for _ in range(round(seconds / GRAIN)):
            self.run(GRAIN)
            now = round(self.clock.time(), 6)
            if round(now / GRAIN) % round(self.every / GRAIN) == 0:
                late = self.grid[-10:]
                self.clock.turn(self.meter.on_next, self.shows(sum(late) / len(late), now))
        return self

    @property
    def most(self) -> float:
        return max(map(abs, self.given.values()))


def two(**settings) -> dict[str, Cell]:
    return {"left": Cell(**settings), "right": Cell(dead=2.4, lag=1.2, **settings)}


def rounded(step: float) -> Shows:
    return lambda watts, _now: step * round(watts / step)


def renewed(step: float, each: float = 10.0, jitter: float = 0.0) -> Shows:
    """A telegram each ten seconds, however often it is read; its way takes up to `jitter` s."""
    newest, chance = [-1.0, 0.0], random.Random(1)
    late = [chance.uniform(0, jitter) for _ in range(1000)]

    def shows(watts: float, now: float) -> float:
        turn = now // each
        turn -= now % each < late[int(turn)]
        if turn != newest[0]:
            newest[:] = turn, step * round(watts / step)
        return newest[1]

    return shows


def restless(low: float, high: float, each: float = 37.0) -> Callable[[float], float]:
    """A load in steps, without any noise."""
    chance = random.Random(1)
    levels = [chance.uniform(low, high) for _ in range(100)]
    return lambda now: levels[int(now / each)]
