"""What a comparison is about, and what was odd, in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flowctl.backtest.comparison import Comparison
from flowctl.backtest.figures import Figure, by_name
from flowctl.backtest.gaps import counter, silences
from flowctl.backtest.lived import lived
from flowctl.backtest.rebuild import Rebuilt
from flowctl.backtest.settling import SIZE
from flowctl.backtest.table import number, own, ranked
from flowctl.backtest.times import HOUR, MINUTE, span
from flowctl.backtest.trial import Outcome

WORTH = 0.1  # kWh between two flows that make a difference in money
TRACES = {"house": "house", "pv": "roof"}
ENOUGH = 1.4  # times as long is a run of which these can be left out
LEARNING = 600.0  # s in which a flow learns most of what it will know of its batteries
SLOW = 5.0  # s between two readings: a load may come and go unseen
LITTLE = 20.0  # W at the meter that nobody has to be told of


def headline(made: Comparison, rebuilt: Rebuilt | None) -> str:
    """Say which world the flows were tried in."""
    world = made.setting.world
    house = ""
    if rebuilt:
        house = ", the house of a recording"
    elif isinstance(world.house, str | Path):
        house = f", the house of {world.house}"
    sun = f", the roof of {world.pv}" if isinstance(world.pv, str | Path) else ""
    since = f"{made.start:%Y-%m-%d %H:%M}"
    if world.plant is None and world.house is None:
        house = ", a made-up evening"
    return f"{world.called}{house}{sun}: {span(made.seconds)} from {since}"


def remarks(made: Comparison, rebuilt: Rebuilt | None) -> Iterator[str]:
    """Say what a reader of the figures has to know."""
    yield from _taken(made)
    for name, known in made.setting.world.known.items():
        if "lag" in known:
            yield f"{name} answers as learned: {_learned(known)}"
    yield from _of_traces(made)
    if len(made.names) == 1:
        yield "there is no battery"
    elif said := _helpless(made.outcomes[0]):
        yield said
    if made.bounds and made.bounds.always is not None:
        said = "the clairvoyant bound takes batteries to run empty or full when the oracle's do"
        well = "a flow that loses less in them, or spends better what they hold, may pass it"
        yield f"{said}: {well}; nobody passes {made.bounds.always:.0f} W"
    if rebuilt:
        yield from _of_recording(made, rebuilt)
    for outcome in made.outcomes:
        yield from _of_flow(outcome, made.names)
    yield from _unsettled(made, rebuilt)
    yield from _odd(made.outcomes)
    yield from _left_aside(made)


def _unsettled(made: Comparison, rebuilt: Rebuilt | None) -> Iterator[str]:
    """Say why there is nothing to settle after; that nothing happened, of a real house only."""
    why = made.outcomes[0].unsettled or ""
    known = any(outcome.unsettled is None for outcome in made.outcomes) or len(made.names) == 1
    if not known and (why or rebuilt):
        why = why or f"the load never changed by {SIZE:g} W and stayed so"
        yield f"no settling, overshoot, calm: {why}"


def _of_traces(made: Comparison) -> Iterator[str]:
    if made.setting.world.pv_begin is not None:
        place = span(made.setting.world.pv_begin)
        yield f"the trace of the roof is taken from {place} on: dates go together"
    for name in made.counters:
        yield counter(f"the trace of the {TRACES[name]}")
    if made.repeats:
        yield f"the load ends after {span(made.repeats)} and begins anew"
    first = made.start.timestamp()
    for name, found in made.silences.items():
        waits = [(first + second, wait) for second, wait in found]
        yield from silences(f"the trace of the {TRACES[name]}", waits, made.start.tzinfo)


def _learned(known: Mapping[str, float]) -> str:
    text = f"after {known['dead_time']:g}s, lag {known['lag']:g}s"
    if "gain" in known:
        text += f", {known['gain']:g}% of what it is told"
    return text + (f", nothing below {known['min_power']:g}W" if "min_power" in known else "")


def _taken(made: Comparison) -> Iterator[str]:
    """Say what the meter and batteries of a flow without a plant were taken for."""
    told = made.setting.world.made
    if made.setting.world.plant is not None or told is None:
        return
    alike: dict[str, list[str]] = {}
    for name, about in made.abouts.items():
        alike.setdefault(about, []).append(name)
    for about, names in alike.items():
        are = "is" if len(names) == 1 else "are each"
        yield f"{_listed(names)} {are} taken for {about}"
    for name, node in told.strange.items():
        yield f"nothing is known of {node}: {name} may differ; a --plant FILE says how"
    beside = told.flow.parent / "plants" / told.flow.name
    if beside.exists():
        yield f"beside the flow lies a plant: --plant {beside}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _of_flow(outcome: Outcome, names: Sequence[str]) -> Iterator[str]:
    meter, label = names[0], outcome.candidate.label
    for step, error in outcome.failures.items():
        yield f"{label}: {step} failed: {error}"
    if outcome.unsteered and len(outcome.unsteered) < len(names) - 1:
        said = "left to its own logic" if len(outcome.unsteered) == 1 else "left to their own logic"
        yield f"{label}: has no step for {_listed(outcome.unsteered)}: {said}"
    if outcome.figures.get("commands_per_h") == 0 and len(names) > 1:
        said = f"the plant says '{meter}' as a number of watts"
        yield f"{label}: no battery was told anything; {said}"


def _left_aside(made: Comparison) -> Iterator[str]:
    """Say when what flows cost cannot be held against each other, for one has used up more."""
    ends = [(item.figures.get("stored_kwh") or 0.0, item.candidate.label) for item in made.outcomes]
    (least, poor), (most, rich) = min(ends), max(ends)
    if made.setting.tariff and most - least >= WORTH:
        said = f"{rich} ends with {most - least:.1f} kWh more in its batteries than {poor}"
        yield f"the cost leaves aside what is stored: {said}; the net cost counts it"


def _odd(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say what of a flow makes no sense in any of its variants."""
    variants: dict[Path, list[Outcome]] = {}
    for outcome in outcomes:
        variants.setdefault(outcome.candidate.flow, []).append(outcome)
    for file, found in variants.items():
        for place, said in found[0].odd.items():
            if all(place in outcome.odd for outcome in found):
                yield f"{file}: {said}"


def _of_recording(made: Comparison, rebuilt: Rebuilt) -> Iterator[str]:
    known = by_name(made.setting.tariff)
    told = (_figure(known[name], value) for name, value in lived(made, rebuilt).items())
    yield f"as recorded: {', '.join(told)}"
    yield from rebuilt.missing
    late = ", ".join(f"{name} {shift:+g}s" for name, shift in rebuilt.shifts.items())
    yield f"the load is the sum of all powers; balance error {rebuilt.error:.0f} W"
    if rebuilt.period >= SLOW:
        said = (
            f"the meter had a reading each {rebuilt.period:.0f} s only: what the house did between"
        )
        yield f"{said} two of them nobody knows, so the figures mean about a quarter more or less"
    yield from _short(made)
    if late:
        yield f"the meter tells later than the batteries by: {late}"
    if rebuilt.negative > 1:
        yield (
            f"the load is below zero {rebuilt.negative:.0f} % of the time: "
            "there is a roof or a battery that the recording does not hold"
        )


def _short(made: Comparison) -> Iterator[str]:
    """Say how little a short stretch tells, and what a flow that ran through it knew better."""
    counted = made.seconds - made.setting.world.warm_up
    if counted < HOUR:
        yield f"{span(counted)} are short: chance alone makes about a tenth of mean |grid|"
        if not made.setting.kept and made.setting.world.warm_up < LEARNING:
            yield from _cold(made)


def _cold(made: Comparison) -> Iterator[str]:
    """Say what leaves out, or spares, the minutes in which a flow learns; as far as it fits."""
    long = made.seconds >= ENOUGH * LEARNING
    fits = LEARNING if long else MINUTE * (made.seconds // (2 * MINUTE))
    leaves = f"--warm-up {fits / MINUTE:.0f}m leaves out its first minutes, " if fits else ""
    if made.setting.world.warm_up < fits or not fits:
        said = "the flow begins without what it had learned by then"
        yield f"{said}: {leaves}--learned STATE gives it that"


def standing(made: Comparison) -> str:
    """Say how the first flow, its best variant, stands beside the best of the others."""
    rival = best_other(made)
    if rival is None:
        return ""
    best = ranked(own(made), "grid_w")[0]
    return f"best of the others at the meter: {_stand(rival)}; {_stand(best)}"


def best_other(made: Comparison) -> Outcome | None:
    """Find the flow with the least mean |grid| among those the first is held against."""
    first = made.outcomes[0].candidate.flow
    others = [item for item in made.outcomes if item.candidate.flow != first]
    return ranked(others, "grid_w")[0] if others else None


def _stand(item: Outcome) -> str:
    watts = item.figures.get("grid_w")
    said = f"{item.candidate.label} {'-' if watts is None else f'{watts:.1f} W'}"
    ratio = item.figures.get("ratio")
    return said if ratio is None else f"{said} ({ratio:.2f} of the causal bound)"


def _helpless(item: Outcome) -> str:
    """Say when most of what passed the meter was no matter of the flow."""
    passed, wrong = item.figures.get("grid_w") or 0.0, item.figures.get("wrong_w") or 0.0
    if wrong > passed / 2 or passed - wrong < LITTLE:
        return ""
    said = f"of the {passed:.0f} W of {item.candidate.label}, {passed - wrong:.0f} W passed while"
    return f"{said} no battery could help: empty, full, or doing all it can"


def _figure(figure: Figure, value: float) -> str:
    return f"{figure.title} {number(value, figure)} {figure.unit}".rstrip()
