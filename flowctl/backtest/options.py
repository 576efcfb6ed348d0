"""From the words of the command line to a world."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from flowctl.backtest.dates import Dates
from flowctl.backtest.figures import BY_NAME, MONEY
from flowctl.backtest.given import Given, check, check_silent
from flowctl.backtest.learned import Kept, dynamics, read_state
from flowctl.backtest.makes import NEWEST, SUN, Made, asks, made
from flowctl.backtest.rebuild import Rebuilt, rebuild
from flowctl.backtest.says import said
from flowctl.backtest.tariff import Tariff, read_tariff
from flowctl.backtest.times import span
from flowctl.backtest.trial import Setting
from flowctl.backtest.twins import Twins
from flowctl.backtest.world import World
from flowctl.faults import FlowError, nearest
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.language.wires import silent
from flowctl.signature.arguments import quantity
from flowctl.signature.node import NodeKind
from flowctl.zone import here

NEAR = 0.25  # of it, by which the time that was recorded is the same
YEARS = range(1970, 2200)  # that zones know of


@dataclass(frozen=True)
class Asked:
    """The world that was asked for."""

    setting: Setting
    rebuilt: Rebuilt | None


def asked(given: Given, flow: Path, sets: Mapping[str, str]) -> Asked:
    """Make the world that was asked for.

    Raises:
        FlowError: something was said wrongly, or a file is faulty.
    """
    check(given)
    graph = _readable(given, flow, sets)
    world = _world(given, flow, graph)
    check_silent(given, world)
    rebuilt = None
    if given.recording:
        rebuilt = _rebuilt(given, given.recording, world, graph)
        world = _lived_in(world, rebuilt)
    kept = read_state(given.learned) if given.learned else {}
    if kept:
        world = _answering(world, kept, load(flow, sets=sets).name, given.learned)
    twins = world.open()
    _check_length(given, world, twins)
    start = world.starts(twins)
    spoken = said(given.says, graph, (*twins.names, SUN), start) if graph else []
    setting = Setting(
        world=world,
        tariff=_priced(given.tariff, start, world.lasts(twins)),
        fed=(*spoken, *(rebuilt.fed if rebuilt else ())),
        silent=frozenset(given.silent),
        kept=kept,
        pictured=given.pictured,
    )
    return Asked(setting, rebuilt)


def _priced(given: str | None, start: datetime, seconds: float) -> Tariff | None:
    """Read the tariff, if one is given; it has to know all prices of the run."""
    if given is None:
        return None
    made = read_tariff(given)
    made.check(start, seconds)
    return made


def figure_name(by: str, *, priced: bool, bounded: bool) -> str:
    """Check the name of a figure.

    Raises:
        FlowError: there is none of that name, or not in this run.
    """
    name = by.replace("-", "_")
    if name not in BY_NAME:
        cure = nearest(name, BY_NAME) or f"figures are {', '.join(BY_NAME)}"
        raise FlowError(f"--by {by}: no figure has that name; {cure}")
    if (name in MONEY and not priced) or (name == "ratio" and not bounded):
        cure = "give a --tariff" if name in MONEY else "leave out --no-bounds"
        raise FlowError(f"--by {by}: is not known in this run; {cure}")
    return name


def _world(given: Given, flow: Path, graph: Graph | None) -> World:
    """Make the world; a flow that is faulty (`None`) is told of later, with the others."""
    plant = given.plant or _own_plant(graph)
    begin = _quantity(given.begin, "s", "--begin") or 0.0
    world = World(
        plant=plant,
        made=_made(graph, flow, plant) if graph else None,
        seed=given.seed,
        house=given.house,
        pv=given.pv,
        peak=_quantity(given.peak, "W", "--peak"),
        begin=begin,
        at=_date(given.at),
        seconds=_quantity(given.lasts, "s", "--for"),
        warm_up=_quantity(given.warm_up, "s", "--warm-up") or 0.0,
    )
    if not given.house:
        return world
    dates = Dates(world.open().firsts, given.pv, begin)
    return replace(world, at=world.at or dates.start, pv_begin=dates.roof())


def _quantity(text: str | None, unit: str, option: str) -> float | None:
    return None if text is None else quantity(text, unit, option)


def _check_length(given: Given, world: World, twins: Twins) -> None:
    if world.house is not None and world.begin >= twins.length:
        raise FlowError(f"--begin {given.begin}: the load ends after {span(twins.length)}")
    whole = world.lasts(twins)
    if world.warm_up >= whole:
        raise FlowError(f"--warm-up {given.warm_up}: must be shorter than the run of {whole:g}s")


def _rebuilt(given: Given, recording: Path, world: World, graph: Graph | None) -> Rebuilt:
    """Rebuild the house of a recording; a battery that is `silent` was not there."""
    names = world.open().names
    there = [name for name in names if name == names[0] or name not in given.silent]
    steps = graph.steps.values() if graph else ()
    fed = {step.stream for step in steps if step.kind is NodeKind.SOURCE}
    return rebuild(recording, there, given.columns, since=world.begin, fed=fed)


def _lived_in(world: World, rebuilt: Rebuilt) -> World:
    """Put the house of a recording into a world; what batteries told goes after a plant file."""
    known = {name: {"soc": soc} for name, soc in rebuilt.socs.items()}
    if world.plant is None:
        known = {name: {**told, **known.get(name, {})} for name, told in rebuilt.ratings.items()}
    seconds = rebuilt.seconds if world.seconds is None else min(world.seconds, rebuilt.seconds)
    return replace(
        world,
        begin=0.0,
        house=rebuilt.load,
        pv=rebuilt.sun,
        at=world.at or rebuilt.at,
        seconds=seconds,
        known=known,
        made=_metered(world.made, rebuilt) if world.plant is None and world.made else world.made,
    )


def _metered(made: Made, rebuilt: Rebuilt) -> Made:
    """Let a meter have its readings as often as a recording tells.

    It does where the meter repeats them, or tells each by itself; a poll may miss some.
    """
    name, words = next(iter(made.words.items()))
    words = words or {}
    tells = rebuilt.repeats or not (rebuilt.sampled or words.get("polled"))
    usual, every = words.get("every", NEWEST), round(rebuilt.period, 1)
    if not tells or abs(every - usual) <= NEAR * usual:
        return made
    return replace(made, words={**made.words, name: {**words, "every": every}})


def _answering(world: World, kept: Kept, flow: str, folder: object) -> World:
    """Let batteries answer as was learned of them."""
    twins = world.open()
    known = dynamics(kept, flow, twins)
    if not known:
        names = ", ".join(twins.names[1:])
        raise FlowError(f"--learned {folder}: no response of {names} was learned there yet")
    both = {name: {**world.known.get(name, {}), **known.get(name, {})} for name in twins.names[1:]}
    return replace(world, known=both)


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise FlowError(f"--at {text}: write it as 2026-06-01T00:00+02:00") from None
    if made.year not in YEARS:
        raise FlowError(f"--at {text}: is no date of our time")
    if made.tzinfo is None:
        return made.replace(tzinfo=here())
    local = made.astimezone(here())  # one that knows when clocks change
    return local if local.utcoffset() == made.utcoffset() else made


def _readable(given: Given, flow: Path, sets: Mapping[str, str]) -> Graph | None:
    """The flow; where a plant is given, a faulty one is told later, with the others."""
    try:
        return load(flow, sets=sets)
    except FlowError:
        if given.plant is None:
            raise
        return None


def _made(graph: Graph, flow: Path, plant: Path | None) -> Made:
    """What the devices of a flow are, and its meter if there is no plant file to say it."""
    return made(graph, flow) if plant is None else Made(flow, asks(graph))


def _own_plant(graph: Graph | None) -> Path | None:
    """The plant of the house that a flow brings with it, if it brings one."""
    steps = graph.steps.values() if graph else ()
    houses = (step for step in steps if step.kind is NodeKind.SOURCE and silent(step.wire))
    plants = [step.settings["plant"] for step in houses if "plant" in step.settings]
    return Path(plants[0]) if plants else None
