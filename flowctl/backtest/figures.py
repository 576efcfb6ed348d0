"""What a run comes to in figures; `control.md` of the project defines most of them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from statistics import fmean, median, quantiles

from flowctl.backtest.ends import Command
from flowctl.backtest.settling import LONGEST, settled, steps
from flowctl.backtest.tariff import KWH, Tariff
from flowctl.backtest.times import HOUR, later
from flowctl.backtest.truth import PER_SECOND, STEP, Truth, per_second

FULL = 99.5  # %; batteries tell whole ones, so nobody knows that there is room left
IDLE = 1.0  # W; below this the relay of a battery that sleeps is taken to be open
BAND = 20.0  # W that the meter must pass on the other side to count as a crossing


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a report."""

    name: str
    title: str
    unit: str
    digits: int
    about: str
    less: bool = True
    """Whether less of it is better."""
    most: float = math.inf
    """From here on it is not known how much it is."""


ALL = (
    Figure("grid_w", "mean |grid|", "W", 1, "what passes the meter on average, in or out"),
    Figure("ratio", "to causal bound", "x", 2, "mean |grid| over that of the best causal policy"),
    Figure(
        "wrong_w", "wrong way", "W", 1,
        "imported while a battery could give, or exported while one could take, on average",
    ),
    Figure("wrong_kwh", "wrong way", "kWh", 3, "the same as energy"),
    Figure(
        "settle_p50_s", "settling, half of the steps", "s", 1, "until within 50 W for good",
        most=LONGEST,
    ),
    Figure(
        "settle_p95_s", "settling, 95 % of the steps", "s", 1, "until within 50 W for good",
        most=LONGEST,
    ),
    Figure("overshoot_p50", "overshoot, half of the steps", "%", 0, "beyond zero, of the step"),
    Figure("overshoot_p95", "overshoot, 95 % of the steps", "%", 0, "beyond zero, of the step"),
    Figure("calm_w", "calm", "W", 1, "mean |grid| from 15 s after a step until the next one"),
    Figure("steps", "steps of the load", "", 0, "changes of 200 W and more that stayed"),
    Figure("crossings_per_h", "zero crossings", "/h", 0, "of the 1 s means, beyond 20 W"),
    Figure("commands_per_h", "commands", "/h", 0, "written to each battery, repetitions too"),
    Figure("switches_per_h", "relay switches", "/h", 1, "of all batteries, on or off"),
    Figure("losses_w", "losses", "W", 1, "inside the batteries, on average"),
    Figure("soc_spread", "SoC spread", "%", 1, "fullest less emptiest battery at the end"),
    Figure("import_kwh", "imported", "kWh", 3, "from the grid"),
    Figure("export_kwh", "exported", "kWh", 3, "into the grid"),
    Figure("stored_kwh", "stored", "kWh", 3, "more in the batteries at the end than before", False),
    Figure("cost", "cost", "", 3, "of import less what export earns; what is stored is left aside"),
    Figure(
        "net_cost", "net cost", "", 3,
        "cost less what is stored, at the mean price of import over the run",
    ),
)  # fmt: skip
MONEY = ("cost", "net_cost")
BY_NAME = {figure.name: figure for figure in ALL}


def by_name(tariff: Tariff | None) -> dict[str, Figure]:
    """Return all figures; what costs is told in the currency of the tariff."""
    unit = tariff.currency if tariff else ""
    return BY_NAME | {name: replace(BY_NAME[name], unit=unit) for name in MONEY}


def figures(
    truth: Truth,
    commands: Mapping[str, Sequence[Command]],
    *,
    warm_up: float = 0.0,
    tariff: Tariff | None = None,
    start: datetime | None = None,
) -> dict[str, float | None]:
    """Work out all figures, of what came after the warm-up."""
    skipped = round(warm_up / STEP)
    whole = truth.grid()
    grid = whole[skipped:]
    hours = max(len(grid) * STEP / HOUR, 1e-9)
    wrong = _wrong(truth, per_second(whole), round(warm_up))
    drawn = sum(watts for watts in grid if watts > 0) * STEP / KWH
    sent = sum(1 for part in commands.values() for at, _ in part if at >= warm_up)
    switched = sum(map(partial(_switches, skipped), truth.powers, truth.naps))
    stored = _gained(truth.stored, warm_up) / 1000
    first = later(start, warm_up) if start else None
    return {
        "grid_w": mean_grid(grid),
        "wrong_w": wrong / max(len(grid) * STEP, STEP),
        "wrong_kwh": wrong / KWH,
        **_answers(truth, whole, warm_up),
        "crossings_per_h": _crossings(per_second(grid)) / hours,
        "commands_per_h": sent / hours / max(1, len(commands)),
        "switches_per_h": switched / hours,
        "losses_w": _gained(truth.lost, warm_up) / hours,
        "soc_spread": _spread(truth),
        "import_kwh": drawn,
        "export_kwh": drawn - sum(grid) * STEP / KWH,
        "stored_kwh": stored,
        **(_money(tariff, grid, stored, first) if tariff and first else dict.fromkeys(MONEY)),
    }


def _money(
    tariff: Tariff, grid: Sequence[float], stored: float, start: datetime
) -> dict[str, float | None]:
    """What the meter comes to, and what is left of that once batteries are as they were."""
    cost = tariff.cost(grid, STEP, start)
    price = tariff.mean(len(grid), STEP, start)
    return {"cost": cost, "net_cost": cost - stored * price}


def mean_grid(samples: Sequence[float]) -> float:
    """Mean of what passes the meter, in or out, W."""
    return sum(map(abs, samples)) / max(1, len(samples))


def _gained(energy: Sequence[float], warm_up: float) -> float:
    """By how much an energy, told each second from 0 on, has become more since the warm-up."""
    return energy[-1] - energy[min(round(warm_up), len(energy) - 1)]


def _wrong(truth: Truth, grid: Sequence[float], warm_up: int) -> float:
    """Watt seconds that went the wrong way while a battery could have prevented it."""
    given = [fmean(part) * len(part) for part in _each_second(truth.powers)]
    total = 0.0
    rows = _after(warm_up, grid, given, truth.takes, truth.gives, _kept_out(truth))
    for watts, now, takes, gives, kept_out in rows:
        room = gives - now if watts > 0 else now + takes - kept_out
        total += min(abs(watts), max(0.0, room))
    return total


def _kept_out(truth: Truth) -> Iterator[float]:
    """What full batteries could take beyond what they do, each second: nobody asks them to."""
    powers = _each_second(truth.powers)
    rows = zip(powers, zip(*truth.shares, strict=True), zip(*truth.socs, strict=True), strict=False)
    for given, takes, socs in rows:
        items = zip(given, takes, socs, strict=True)
        yield sum(max(0.0, take + min(0.0, now)) for now, take, soc in items if soc >= FULL)


def _each_second(powers: Sequence[Sequence[float]]) -> Iterator[Sequence[float]]:
    """The power of every battery at the end of each second."""
    ends = (samples[PER_SECOND - 1 :: PER_SECOND] for samples in powers)
    return zip(*ends, strict=True)


def _after(skipped: int, *rows: Iterable[float]) -> Iterator[tuple[float, ...]]:
    for place, row in enumerate(zip(*rows, strict=False)):
        if place >= skipped:
            yield row


def _answers(truth: Truth, grid: Sequence[float], warm_up: float) -> dict[str, float | None]:
    found = steps(truth, warm_up)
    answers = list(settled(grid, found))
    took = [answer.took for answer in answers]
    over = [answer.overshoot for answer in answers]
    rests = [answer.rest for answer in answers if answer.rest is not None]
    return {
        "settle_p50_s": median(took) if took else None,
        "settle_p95_s": _p95(took),
        "overshoot_p50": median(over) if over else None,
        "overshoot_p95": _p95(over),
        "calm_w": fmean(rests) if rests else None,
        "steps": float(len(found)),
    }


def _p95(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return values[0] if values else None
    return quantiles(values, n=20, method="inclusive")[-1]


def _crossings(grid: Sequence[float]) -> int:
    """How often the meter went from one side to the other, small wandering left aside."""
    sides = [1 if watts > 0 else -1 for watts in grid if abs(watts) > BAND]
    return sum(1 for old, new in pairwise(sides) if old != new)


def _switches(skipped: int, power: Sequence[float], naps: Sequence[tuple[float, float]]) -> int:
    """How often a relay closed or opened; one that is kept awake keeps it closed."""
    closed = [abs(watts) >= IDLE for watts in power]
    for since, until in naps:
        first, last = int(since / STEP), math.ceil(min(until / STEP, len(closed)))
        closed[first:last] = [True] * (last - first)
    return sum(1 for old, new in pairwise(closed[skipped:]) if old != new)


def _spread(truth: Truth) -> float | None:
    kept = zip(truth.socs, truth.stores, strict=True)
    last = [socs[-1] for socs, stores in kept if socs and stores]
    return max(last) - min(last) if last else None
