"""The clairvoyant bound: what even knowing the future could not pass.

Everything is relaxed but what batteries can give and take together, and how fast they change. So
no controller passes it whose batteries can do no more; and none comes near it, since it may move
before the load does.
"""

from collections.abc import Iterable, Sequence
from heapq import heappush, heapreplace


def stored_only(load: Sequence[float], takes: float, holds: float, step: float) -> float:
    """Return the smallest possible mean of |load - power| where batteries give what they hold.

    They hold so much, W s, when it begins; `takes` is the most that they take together, W, and
    what they take they may give, `step` s is the time of a sample. Nothing else holds.
    """
    drawn = sum(abs(watts + takes) - takes for watts in load)
    return drawn / max(1, len(load)) - holds / max(step, step * len(load))


def clairvoyant(wanted: Iterable[tuple[float, float, float]], change: float) -> float:
    """Return the smallest possible mean of |load - power|.

    `wanted` are, for each sample, the load and the least and the most that batteries can deliver;
    `change` is by how much they can change from one sample to the next, W. The cost of ending at a
    power is a convex function made of straight lines; its kinks lie in two heaps, those left of
    its minimum and those right of it. A sample lets both drift apart by `change` and adds |x|.
    """
    left, right = list[float](), list[float]()  # kinks, less their drift; the left ones negated
    drift = cost = 0.0
    count = 0
    for load, least, most in wanted:
        count += 1
        drift += change
        target = min(max(load, least), most)
        cost += abs(load - target)
        low = -left[0] - drift if left else target
        high = right[0] + drift if right else target
        cost += max(low - target, target - high, 0.0)
        if target < low:  # two new kinks on the left: its old last one is now right of the minimum
            heapreplace(left, -(target + drift))
            heappush(left, -(target + drift))
            heappush(right, low - drift)
        elif target > high:
            heapreplace(right, target - drift)
            heappush(right, target - drift)
            heappush(left, -(high + drift))
        else:
            heappush(left, -(target + drift))
            heappush(right, target - drift)
    return cost / max(1, count)
