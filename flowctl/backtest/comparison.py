"""Several flows in the same world, and the bounds of that world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flowctl.backtest.bounds import Bounds, Cache, Reached, best, policies, reached
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.jobs import Job, Tell, run_all
from flowctl.backtest.trial import Outcome, Setting, fitting, try_out
from flowctl.backtest.twins import Twins
from flowctl.faults import Fault, FlowError, nearest

LEAST = 1.0  # W: a bound below this is nothing to compare with


@dataclass(frozen=True)
class Comparison:
    """What became of all flows."""

    setting: Setting
    seconds: float
    start: datetime
    outcomes: Sequence[Outcome]
    bounds: Bounds | None
    names: Sequence[str]
    """The plant's meter and batteries."""
    repeats: float | None = None
    """After how long the load of the house begins anew, s, if it does."""
    silences: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    """Where traces of `house` and `pv` say nothing for long, `(second, s)`: their power stands."""
    counters: Sequence[str] = ()
    """Which traces, of `house` and `pv`, look like counters of energy, and no powers."""
    abouts: Mapping[str, str] = field(default_factory=dict)
    """What the meter and each battery is, in a line."""


def compare(
    candidates: Sequence[Candidate],
    setting: Setting,
    cache: Path | None,
    tell: Tell = lambda _: None,
) -> Comparison:
    """Try out flows, and the bounds unless `cache` is `None`; what is cached is not done again.

    Raises:
        FlowError: a flow is faulty or does not fit the plant; all faults of all flows.
    """
    world = setting.world
    twins = world.open()
    _check(candidates, setting, twins)
    seconds = world.lasts(twins)
    kept = Cache(cache, world) if cache is not None else None
    known = kept.get() if kept else None
    work: list[Job[Any]] = [Job(try_out, (candidate, setting), seconds) for candidate in candidates]
    if kept and not known:
        work += [Job(reached, (world, policy), seconds) for policy in policies(seconds)]
    done = run_all(work, tell)
    outcomes = [item for item in done if isinstance(item, Outcome)]
    if kept and not known:
        known = best([item for item in done if isinstance(item, Reached)])
        kept.put(known)
    rated = [_rated(outcome, known) for outcome in outcomes]
    return Comparison(
        setting=setting,
        seconds=seconds,
        start=world.starts(twins),
        outcomes=rated,
        bounds=known,
        names=twins.names,
        repeats=world.repeats(twins),
        silences=twins.silences(seconds),
        counters=twins.counters,
        abouts={twins.names[0]: twins.about}
        | {name: twins.twin(name).about for name in twins.names[1:]},
    )


def _check(candidates: Sequence[Candidate], setting: Setting, twins: Twins) -> None:
    faults: list[Fault] = []
    streams = {*twins.names}
    for candidate in candidates:
        try:
            streams |= fitting(candidate, setting, twins).streams.keys()
        except FlowError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise FlowError(faults)
    for name in sorted(setting.silent - streams):
        cure = nearest(name, streams) or f"there are {', '.join(sorted(streams))}"
        raise FlowError(f"--silent {name}: no flow has a stream of that name; {cure}")


def _rated(outcome: Outcome, bounds: Bounds | None) -> Outcome:
    mean = outcome.figures["grid_w"]
    ratio = None
    if mean is not None and bounds and bounds.causal >= LEAST:
        ratio = mean / bounds.causal
    return replace(outcome, figures={**outcome.figures, "ratio": ratio})
