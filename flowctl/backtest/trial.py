"""One flow, tried out in a world: its figures, its troubles, and its course if wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flowctl.backtest.candidates import Candidate
from flowctl.backtest.ends import fit
from flowctl.backtest.figures import figures
from flowctl.backtest.jobs import Progress
from flowctl.backtest.learned import Kept, stores
from flowctl.backtest.loop import ClosedLoop, Row, failures, quiet
from flowctl.backtest.makes import asks
from flowctl.backtest.says import rows_of
from flowctl.backtest.series import Reasons, Series, series
from flowctl.backtest.settling import unsettled
from flowctl.backtest.tariff import Tariff
from flowctl.backtest.twins import Twins
from flowctl.backtest.world import World
from flowctl.language.graph import Graph
from flowctl.language.idle import IDLE
from flowctl.language.successions import UNDONE, UNLIKE

ODD = (IDLE, UNDONE, UNLIKE)


@dataclass(frozen=True)
class Setting:
    """What all flows of a comparison share."""

    world: World
    tariff: Tariff | None = None
    fed: Sequence[Row] = ()
    """What sources say that the plant does not speak for."""
    silent: frozenset[str] = frozenset()
    """Sources that may say nothing."""
    kept: Kept = field(default_factory=dict)
    pictured: bool = False
    """Whether the course of each run is wanted, too."""

    @property
    def said(self) -> list[Row]:
        """What is fed of sources that are not silent."""
        return [row for row in self.fed if row[1] not in self.silent]


@dataclass(frozen=True)
class Outcome:
    """What became of one flow."""

    candidate: Candidate
    figures: Mapping[str, float | None]
    failures: Mapping[str, str]
    """Steps that failed, each with its first error."""
    seconds: float
    series: Series | None = None
    unsteered: Sequence[str] = ()
    """Batteries of the plant that the flow has no step for."""
    unsettled: str | None = None
    """Why nothing is known of settling, if nothing is; empty if the load never changed."""
    odd: Mapping[str, str] = field(default_factory=dict)
    """Settings and steps that make no sense, `plan/rebalance: weights`, and what is said of it."""


def fitting(candidate: Candidate, setting: Setting, twins: Twins) -> Graph:
    """Check that a flow fits the world and the plant in it.

    Raises:
        FlowError: the flow is faulty, the plant lacks one of its streams, or a source says what it
            cannot say.
    """
    graph = candidate.graph()
    fed = {stream for _, stream, _ in setting.fed} | setting.silent
    fit(graph, twins, setting.world, fed, asks(graph))
    rows_of(setting.said, graph)
    return graph


def try_out(candidate: Candidate, setting: Setting, progress: Progress = lambda _: None) -> Outcome:
    """Run a flow in its world."""
    world, graph = setting.world, candidate.graph()
    twins = world.open(asks(graph))
    seconds, start = world.lasts(twins), world.starts(twins)
    loop = ClosedLoop(
        graph, twins, start, stores=stores(setting.kept), fed=rows_of(setting.said, graph)
    )
    reasons = Reasons(loop) if setting.pictured else None
    with quiet(graph):
        loop.run(seconds, progress)
    found = figures(
        loop.truth,
        loop.ends.commands,
        warm_up=world.warm_up,
        tariff=setting.tariff,
        start=start,
    )
    drawn = series(loop, reasons) if reasons else None
    unsteered = [name for name in twins.names[1:] if name not in loop.ends.commands]
    told = failures(loop.troubles)
    why = None if found["steps"] else unsettled(loop.truth, world.warm_up)
    return Outcome(candidate, found, told, seconds, drawn, unsteered, why, _odd(graph))


def _odd(graph: Graph) -> Mapping[str, str]:
    found = [fault for fault in graph.warnings if fault.code in ODD]
    places = (f"{fault.where}: {fault.message.partition(':')[0]}" for fault in found)
    said = (f"{fault.where}: {fault.message}; {fault.cure}" for fault in found)
    return dict(zip(places, said, strict=True))
