"""A comparison for programs: what `--json` says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flowctl.backtest.bounds import Bounds
from flowctl.backtest.comparison import Comparison
from flowctl.backtest.lived import lived
from flowctl.backtest.rebuild import Rebuilt
from flowctl.backtest.table import ranked
from flowctl.backtest.trial import Outcome
from flowctl.backtest.words import best_other


def as_json(made: Comparison, rebuilt: Rebuilt | None, by: str) -> dict[str, Any]:
    """Give a comparison to a program; the same run gives the same bytes."""
    world = made.setting.world
    best, worst = _ends(ranked(made.outcomes, by), by)
    return {
        "plant": str(world.plant) if world.plant else None,
        "taken_for": dict(made.abouts),
        "house": str(world.house) if isinstance(world.house, str | Path) else None,
        "pv": str(world.pv) if isinstance(world.pv, str | Path) else None,
        "seed": world.seed,
        "start": made.start.isoformat(),
        "seconds": made.seconds,
        "warm_up": world.warm_up,
        "rebuilt": _rebuilt(made, rebuilt) if rebuilt else None,
        "repeats_after": made.repeats,
        "silences": {name: [list(wait) for wait in found] for name, found in made.silences.items()},
        "counters": list(made.counters),
        "currency": made.setting.tariff.currency if made.setting.tariff else None,
        "bounds": _bounds(made.bounds) if made.bounds else None,
        "flows": list(map(_flow, made.outcomes)),
        "by": by,
        "best": best,
        "worst": worst,
        "best_other": rival.candidate.label if (rival := best_other(made)) else None,
    }


def _ends(order: Sequence[Outcome], by: str) -> tuple[str | None, str | None]:
    """Name the best and the worst of several; nobody where all are alike."""
    most, least = order[0].figures.get(by), order[-1].figures.get(by)
    if most is None or (len(order) > 1 and most == least):
        return None, None
    return order[0].candidate.label, order[-1].candidate.label


def _bounds(bounds: Bounds) -> dict[str, Any]:
    return {
        "clairvoyant_w": bounds.clairvoyant,
        "never_passed_w": bounds.always,
        "causal_w": bounds.causal,
        "policy": bounds.policy,
    }


def _flow(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.candidate.label,
        "file": str(outcome.candidate.flow),
        "set": {**outcome.candidate.sets, **outcome.candidate.settings},
        "figures": dict(outcome.figures),
        "failures": dict(outcome.failures),
    }


def _rebuilt(made: Comparison, rebuilt: Rebuilt) -> dict[str, Any]:
    return {
        "as_recorded": lived(made, rebuilt),
        "missing": list(rebuilt.missing),
        "balance_error_w": rebuilt.error,
        "meter_period_s": rebuilt.period,
        "below_zero_percent": rebuilt.negative,
        "shifts_s": dict(rebuilt.shifts),
    }
