"""The law of `distribute`: one total among storages by charge, within a floor and a ceiling.

Source: the rules of B2500 Load Distributor (fabianwimberger/b2500-power-balancer, 56d8d96), for any
number of storages: what it reckons from the other one is reckoned from the mean of the others.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Literal, NamedTuple

from flowctl import Percent, Watts

EDGE = 0.2  # the smallest part of the total, times the storages: 0.1 ... 0.9 of it for two
BLEND = 1.0  # % of charge over which rebalancing sets in
CAPACITY_UNKNOWN = 2240.0  # Wh; a B2500 without further packs
BEGINS, STOPS = 1.25, 0.75  # times the floor, at which one more storage runs, and one less
Mode = Literal["balanced", "rebalancing", "max power", "min power", "idle"]


class Rules(NamedTuple):
    """What the user sets."""

    low: Watts = 40.0
    high: Watts = 400.0
    boost: Watts = 100.0
    threshold: Percent = 3.0
    rate: float = 1.0
    idle: Literal["stop", "floor"] = "stop"
    smooth: bool = True


class Storage(NamedTuple):
    """One that can be asked for something."""

    soc: Percent
    most: Watts
    """What it can give at all."""
    capacity: float | None = None
    """Wh, if known."""
    running: bool = True
    least: Watts = 0.0
    """What it gives at least while it runs, whatever the rules say."""

    def low(self, rules: Rules) -> Watts:
        """Return the least it is asked for while it runs."""
        return min(max(rules.low, self.least), self.most, max(rules.low, rules.high))


def distribute(
    want: Watts, storages: Mapping[str, Storage], rules: Rules
) -> tuple[dict[str, Watts], Mode]:
    """Say what each is to give so that together they give `want`, and by which rule."""
    most = sum(min(rules.high, one.most) for one in storages.values())
    if want >= most:
        return _boosted(want, storages, rules), "max power"
    if rules.idle == "stop":
        return _stopping(want, storages, rules)
    lows = {name: one.low(rules) for name, one in storages.items()}
    if want <= sum(lows.values()):
        return lows, "min power"
    return _weighted(want, storages, rules)


def weights(storages: Sequence[Storage], rules: Rules) -> tuple[list[float], bool]:
    """Return the part of each, and whether fuller ones give more."""
    even = [one.capacity or CAPACITY_UNKNOWN for one in storages]
    total, socs = sum(even), [one.soc for one in storages]
    balanced = [size / total for size in even]
    spread, count = max(socs) - min(socs), len(socs)
    part = min(1.0, max(0.0, (spread - rules.threshold) / BLEND + 1.0))
    if not rules.smooth:
        part = float(spread >= rules.threshold)
    if not part or count < 2 or not sum(socs):
        return balanced, False
    full = [size * soc for size, soc in zip(even, socs, strict=True)]
    over = [(count * soc - sum(socs)) / (count - 1) for soc in socs]  # the mean of the others
    raw = [one / sum(full) + rules.rate * more / 100 for one, more in zip(full, over, strict=True)]
    held = [min(max(one, EDGE / count), 1 - EDGE / count) for one in raw]
    tilted = [one / sum(held) for one in held]
    return [(1 - part) * a + part * b for a, b in zip(balanced, tilted, strict=True)], True


def fill(
    total: Watts, parts: Sequence[float], lows: Sequence[Watts], highs: Sequence[Watts]
) -> list[Watts]:
    """Divide by parts within limits; what one may not give the others do."""
    shares, free = [0.0] * len(parts), set(range(len(parts)))
    while free:
        rest = total - sum(share for k, share in enumerate(shares) if k not in free)
        whole = sum(parts[k] for k in free)
        for k in free:
            shares[k] = rest * (parts[k] / whole if whole else 1 / len(free))
        over = {k: shares[k] - highs[k] for k in free if shares[k] > highs[k]}
        under = {k: lows[k] - shares[k] for k in free if shares[k] < lows[k]}
        if not over and not under:
            break
        too_much = sum(over.values()) >= sum(under.values())
        for k in over if too_much else under:
            shares[k] = highs[k] if too_much else lows[k]
            free.discard(k)
    return shares


def _boosted(want: Watts, storages: Mapping[str, Storage], rules: Rules) -> dict[str, Watts]:
    """Ask for more than the ceiling, so that nobody stays below it."""
    tops = [min(rules.high + rules.boost, one.most) for one in storages.values()]
    if not rules.smooth:
        return dict(zip(storages, tops, strict=True))
    shares = fill(min(want, sum(tops)), [1.0] * len(tops), [0.0] * len(tops), tops)
    return dict(zip(storages, shares, strict=True))


def _stopping(
    want: Watts, storages: Mapping[str, Storage], rules: Rules
) -> tuple[dict[str, Watts], Mode]:
    """Let only so many run as have enough to do; those that run, then the fullest, go first."""
    ranked = sorted(storages, key=lambda name: (-storages[name].running, -storages[name].soc))
    lows = list(accumulate(storages[name].low(rules) for name in ranked))
    count = sum(one.running for one in storages.values())
    while count < len(ranked) and want >= lows[count] * BEGINS:
        count += 1
    while count and want < lows[count - 1] * STOPS:
        count -= 1
    chosen = {name: storages[name] for name in storages if name in ranked[:count]}
    shares, mode = _weighted(max(want, lows[count - 1]), chosen, rules) if chosen else ({}, "idle")
    return {name: shares.get(name, 0.0) for name in storages}, mode


def _weighted(
    want: Watts, storages: Mapping[str, Storage], rules: Rules
) -> tuple[dict[str, Watts], Mode]:
    those = list(storages.values())
    parts, tilted = weights(those, rules)
    highs = [min(rules.high, one.most) for one in those]
    lows = [min(one.low(rules), high) for one, high in zip(those, highs, strict=True)]
    shares = fill(want, parts, lows, highs)
    return dict(zip(storages, shares, strict=True)), "rebalancing" if tilted else "balanced"
