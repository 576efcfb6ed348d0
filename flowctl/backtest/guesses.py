"""What the load will be when a command lands, guessed from the readings so far."""

from collections import deque
from statistics import median

MEMORY = 40.0  # s of readings
SHORT, LONG = 8.0, 25.0  # s of the two medians that an expert chooses among
TRUST = 5.0  # W by which a median must have been better than the newest reading
FORGET = 0.95  # of an error, from one reading to the next
RHYTHM = 0.5  # a repetition must explain half of what wanders, else there is none
LONGEST, OVER, WAYS = 16, 24, 2  # readings of a rhythm at most, held against so many; at least two


class Guess:
    """The newest reading; the others keep its history and say something else."""

    def __init__(self, ahead: float, period: float) -> None:
        """Guess `ahead` seconds; the meter says a reading each `period`."""
        self.ahead, self.period = ahead, period
        self.seen = deque[tuple[float, float]]()

    def hear(self, now: float, load: float) -> float:
        """Take a reading, and say what the load will be."""
        self.seen.append((now, load))
        while self.seen[0][0] < now - MEMORY:
            self.seen.popleft()
        return self.say(now, load)

    def say(self, now: float, load: float) -> float:
        """Say what the load will be."""
        return load

    def middle(self, now: float, seconds: float) -> float:
        """Median of the last seconds."""
        return median(load for time, load in self.seen if time > now - seconds)


class Middle(Guess):
    """The median of some seconds."""

    def __init__(self, ahead: float, period: float, seconds: float) -> None:
        super().__init__(ahead, period)
        self.seconds = seconds

    def say(self, now: float, load: float) -> float:
        """Say the median."""
        return self.middle(now, self.seconds)


class Expert(Guess):
    """Whichever was right of late a command's time ahead: the newest, or one of two medians."""

    def __init__(self, ahead: float, period: float) -> None:
        super().__init__(ahead, period)
        self._said = deque[tuple[float, tuple[float, ...]]]()
        self._errors = [0.0, 0.0, 0.0]

    def say(self, now: float, load: float) -> float:
        """Say what the best of the three says."""
        choices = (load, self.middle(now, SHORT), self.middle(now, LONG))
        self._said.append((now, choices))
        while len(self._said) > 1 and self._said[1][0] <= now - self.ahead:
            self._said.popleft()
        self._errors = [
            FORGET * error + (1 - FORGET) * abs(load - said)
            for error, said in zip(self._errors, self._said[0][1], strict=True)
        ]
        fines = (0.0, TRUST, TRUST)
        costs = [error + fine for error, fine in zip(self._errors, fines, strict=True)]
        return choices[costs.index(min(costs))]


class Rhythm(Guess):
    """What was there one repetition ago, while the load repeats itself."""

    def say(self, now: float, load: float) -> float:
        """Say what comes next in the rhythm, or the newest where there is none."""
        loads = [watts for _, watts in self.seen]
        length = self._length(now, loads)
        ahead = round(self.ahead / self.period)
        if not length or not ahead % length:
            return load
        return loads[len(loads) - 1 + ahead % length - length]

    def _length(self, now: float, loads: list[float]) -> int:
        usual, count, best = self.middle(now, 20.0), len(loads), 0
        least = RHYTHM * sum(abs(load - usual) for load in loads) / count
        for length in range(WAYS, min(LONGEST, count // WAYS)):
            newest = range(max(length, count - OVER), count)
            error = sum(abs(loads[k] - loads[k - length]) for k in newest) / min(
                OVER, count - length
            )
            if error < least:
                best, least = length, error
        return best
