"""What flows reach in a world drawn by some seeds: their ratios to the causal bound, in a line."""

from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from pathlib import Path
from statistics import fmean, median
from typing import Any

from fitted import fitted, said

from flowctl.backtest.candidates import Candidate
from flowctl.backtest.comparison import Comparison, compare
from flowctl.backtest.trial import Setting
from flowctl.backtest.world import World
from flowctl.folders import cache_folder
from flowctl.telling.progress import progress
from nodes.sim.plant_file import read_plant

DETAILS = ("wrong_w", "settle_p50_s", "settle_p95_s", "overshoot_p95", "calm_w", "commands_per_h")
LONGEST = 60.0  # s; what takes longer to settle is not told by figures
Told = dict[str, Any]
HEAD = (
    f"{'scenario':27} {'clairvoyant':>11} {'causal':>7} {'best baseline':>16} {'home':>7} "
    f"{'ratio':>6} {'worst':>6} {'settles, s':>11} {'writes/h':>8}"
)


def tried(world: World, home: Path, others: Sequence[Path], folder: Path) -> Comparison:
    """Try out home.yaml, others that fit the batteries, and the bounds."""
    assert world.plant
    setup = read_plant(world.plant)
    batteries, meter = setup.batteries, setup.meter.every
    candidates = [
        Candidate(flow.stem, made, settings=said(batteries, paced=flow == home))
        for flow in (home, *others)
        if (made := fitted(flow, tuple(batteries), folder, meter=meter))
    ]
    with progress(f"{world.plant.stem}, seed {world.seed}") as tell:
        return compare(candidates, Setting(world), cache_folder() / "bounds", tell)


def measured(runs: Mapping[int, Comparison]) -> Told:
    """Put together what came of one world by seed: means over all seeds, the first flow ours."""
    bounds = [run.bounds for run in runs.values() if run.bounds]
    causal = fmean(bound.causal for bound in bounds)
    ours = {seed: run.outcomes[0].figures for seed, run in runs.items()}
    home, *others = _ratios(list(runs.values()), causal)
    return {
        "clairvoyant_w": fmean(bound.clairvoyant for bound in bounds),
        "causal_w": causal,
        "home_w": home[1] * causal,
        "ratio": home[1],
        "by_seed": {str(seed): figures["ratio"] for seed, figures in ours.items()},
        "baselines": dict(sorted(others, key=lambda item: item[1])),
        **{key: _middle([figures[key] for figures in ours.values()]) for key in DETAILS},
        "failures": {label: told for run in runs.values() for label, told in _failures(run)},
    }


def line(title: str, told: Told) -> str:
    """Say it in a line below `HEAD`."""
    others = next(iter(told["baselines"].items()), None)
    best = f"{others[0]} {others[1]:.2f}" if others else "-"
    settled = "/".join(_seconds(told[key]) for key in ("settle_p50_s", "settle_p95_s"))
    return (
        f"{title:27} {told['clairvoyant_w']:9.0f} W {told['causal_w']:5.0f} W {best:>16} "
        f"{told['home_w']:5.0f} W {told['ratio']:6.2f} {max(told['by_seed'].values()):6.2f} "
        f"{settled:>11} {told['commands_per_h']:8.0f}"
    )


def foot(rows: Sequence[Told]) -> str:
    """Say the geometric means: of the best baselines, and ours."""
    ours = mean_ratio([told["ratio"] for told in rows])
    best = [min(told["baselines"].values()) for told in rows if told["baselines"]]
    said = f"{mean_ratio(best):.2f}" if best else ""
    return f"{'geometric mean':47} {said:>16} {'':7} {ours:6.2f}"


def mean_ratio(ratios: Sequence[float]) -> float:
    """Return the geometric mean."""
    return exp(fmean(map(log, ratios)))


def _ratios(runs: Sequence[Comparison], causal: float) -> Iterator[tuple[str, float]]:
    for place, outcome in enumerate(runs[0].outcomes):
        watts = fmean(run.outcomes[place].figures["grid_w"] or 0.0 for run in runs)
        yield outcome.candidate.label, watts / causal


def _failures(run: Comparison) -> Iterator[tuple[str, Mapping[str, str]]]:
    return ((item.candidate.label, dict(item.failures)) for item in run.outcomes if item.failures)


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _seconds(value: float | None) -> str:
    return "-" if value is None else ">60" if value >= LONGEST else f"{value:.1f}"
