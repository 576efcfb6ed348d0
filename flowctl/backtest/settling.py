"""Steps of the load, and how the meter came to rest after them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from flowctl.backtest.truth import PER_SECOND, STEP, Truth, per_second

SIZE = 200.0  # W: smaller changes settle unseen
CALM = 50.0  # W by which the load may wander before and after; within it the meter is at rest
BEFORE, AFTER = 15, 20  # s of calm load that make a change a step
LONGEST = 60  # s that a step is watched at most; who is not at rest by its end took that long
GRACE = 0.5  # s after the step that cannot be at rest
APART = 3  # s: changes so near to each other count once
RESTLESS = f"without {BEFORE} s before and {AFTER} s after within {CALM:g} W"
BEYOND = "beyond what the batteries could follow"
LATE = "too near the end"
QUIET_AFTER = 15.0  # s after a step from which on the meter should be quiet


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the load that stayed for a while, and that the batteries could follow."""

    at: float
    size: float
    """W, + more load."""
    until: float


@dataclass(frozen=True, slots=True)
class Settled:
    """How the meter answered to one step."""

    took: float
    """Seconds until it stayed within `CALM`; `LONGEST` if not before the next step."""
    overshoot: float
    """Most on the other side, % of the step."""
    rest: float | None
    """Mean |grid| once it should be quiet, W."""


def steps(truth: Truth, warm_up: float = 0.0) -> list[Step]:
    """Find the steps of a load, those left out that all batteries together cannot follow."""
    load = per_second(truth.load)
    found: list[Step] = []
    second = max(BEFORE, round(warm_up))
    while second < len(load) - AFTER - 2:
        step = _step(load, truth, second)
        if step:
            found.append(step)
            second = round(step.until)
        second += 1
    return found


def settled(grid: Sequence[float], found: Sequence[Step]) -> Iterator[Settled]:
    """Tell how the meter came to rest after each step; `grid` are the samples of the truth."""
    for step in found:
        begin, end = round((step.at + GRACE) / STEP), round(step.until / STEP)
        seen = _smooth(grid[begin - PER_SECOND // 2 : end + PER_SECOND // 2])
        restless = [place for place, watts in enumerate(seen) if abs(watts) > CALM]
        took = GRACE + (restless[-1] + 1) * STEP if restless else GRACE
        if restless and restless[-1] == len(seen) - 1:
            took = float(LONGEST)
        sign = 1 if step.size > 0 else -1
        over = max(0.0, *(-sign * watts for watts in seen)) / abs(step.size) * 100
        rest = seen[round((QUIET_AFTER - GRACE) / STEP) :]
        long = len(seen) * STEP >= AFTER
        yield Settled(took, over, fmean(map(abs, rest)) if long else None)


def unsettled(truth: Truth, warm_up: float = 0.0) -> str:
    """Say why a load has no steps: what became of its changes; nothing if it has none."""
    load = per_second(truth.load)
    found: Counter[str] = Counter()
    second = max(BEFORE, round(warm_up))
    while second < len(load) - 3:
        if not _changes(load, second):
            second += 1
            continue
        judged = _judged(load, truth, second) if second < len(load) - AFTER - 2 else LATE
        found.update([judged] if isinstance(judged, str) else [])
        second += APART
    if not found:
        return ""
    (most, first), *others = found.most_common()
    parts = ", ".join((f"{first} were {most}", *(f"{count} {why}" for why, count in others)))
    return f"of the changes of the load by {SIZE:g} W and more, {parts}"


def _changes(load: Sequence[float], second: int) -> bool:
    """Whether the load changes in this second, or in this and the next, and not back at once."""
    before = load[second - 1]
    return abs(load[second + 1] - before) >= SIZE and abs(load[second + 2] - before) >= SIZE


def _step(load: Sequence[float], truth: Truth, second: int) -> Step | None:
    """The step that happens in this second, or in this and the next."""
    judged = _judged(load, truth, second) if _changes(load, second) else ""
    return judged if isinstance(judged, Step) else None


def _judged(load: Sequence[float], truth: Truth, second: int) -> Step | str:
    """A change as a step, or why it is none."""
    was, calm = load[second - BEFORE : second], load[second + 2 : second + 2 + AFTER]
    old, new = median(was), median(calm)
    if max(map(abs, (value - old for value in was))) > CALM:
        return RESTLESS
    if max(map(abs, (value - new for value in calm))) > CALM:
        return RESTLESS
    last = min(second + LONGEST, len(load) - 1)
    end = next((k for k in range(second + 2, last) if abs(load[k] - new) > CALM), last)
    able = truth.gives if new > 0 else truth.takes
    if min(able[second : end + 1]) < abs(new):
        return BEYOND
    return Step(_exactly(truth.load, second, (old + new) / 2), new - old, end - 1.0)


def _exactly(load: Sequence[float], second: int, half: float) -> float:
    """When the samples cross half the way."""
    begin = second * PER_SECOND
    below = load[begin] < half
    crossed = (
        place for place in range(begin, begin + 2 * PER_SECOND) if (load[place] < half) is not below
    )
    return next(crossed, begin) * STEP


def _smooth(samples: Sequence[float]) -> list[float]:
    """Running mean of one second."""
    width = PER_SECOND
    total = sum(samples[:width])
    means = [total / width]
    for old, new in zip(samples, samples[width:], strict=False):
        total += new - old
        means.append(total / width)
    return means
