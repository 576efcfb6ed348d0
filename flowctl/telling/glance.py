"""What a person wants to see of a running flow, taken from its wires at one glance."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flowctl.engine.engine import Engine
from flowctl.engine.output import Output
from flowctl.signature.node import NodeKind
from flowctl.values import Battery, Outlook, Plan

Valid = TypeVar("Valid", Plan, Outlook)
SILENT = 15.0  # s without a word after which a power is not shown as if it were of now
Said = tuple[float, float]
"""A power in W, and how old it is, s."""


@dataclass(frozen=True)
class BatteryGlance:
    """One battery: what it was told, what it does, how full it is."""

    name: str
    setpoint: float | None = None
    power: float | None = None
    soc: float | None = None
    note: str = ""
    """Why it gets what it gets."""


@dataclass
class Glance:
    """One look at a flow."""

    flow: str
    meters: dict[str, Said] = field(default_factory=dict)
    """Newest power of each source, by stream."""
    load: float | None = None
    unmet: float | None = None
    batteries: list[BatteryGlance] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)
    """Newest value of the other streams that end in no device or sink."""


class Looker:
    """Looks at an engine; remembers what each battery said in several records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._batteries: dict[str, Battery] = {}
        self._heard: dict[str, Output] = {}
        self._counts: dict[str, tuple[int, float]] = {}  # what a stream had said, and since when
        self._learn()

    def look(self) -> Glance:
        """Collect the newest values."""
        if self._graph is not self._engine.graph:
            self._learn()
        glance = Glance(self._graph.name)
        plan, outlook = self._valid(Plan), self._valid(Outlook)
        glance.load = outlook.load if outlook else None
        glance.unmet = plan.unmet if plan else None
        for name, step in self._ends:
            last = self._engine.output(step.id).last
            if step.kind is NodeKind.DEVICE:
                glance.batteries.append(self._battery(name, step.id, plan))
            elif name in self._in_watts and isinstance(last, float):
                glance.meters[name] = last, self._age(step.id)
            elif isinstance(last, float | bool | str):
                glance.others[name] = last
        return glance

    def _learn(self) -> None:
        """Look at the flow as it is from now on: a reload brings and takes streams."""
        self._graph = graph = self._engine.graph
        steps = [(name, graph.steps[step_id]) for name, step_id in graph.streams.items()]
        self._ends = [(name, step) for name, step in steps if step.kind is not NodeKind.SINK]
        edges = {name: graph.edge(name) for name, _ in self._ends}
        self._in_watts = {
            n for n, edge in edges.items() if edge and edge.wire and edge.wire.unit == "W"
        }
        for step in graph.steps.values():
            if step.kind is NodeKind.DEVICE:
                self._hear(step.stream, self._engine.output(step.id))

    def _hear(self, stream: str, output: Output) -> None:
        if self._heard.get(stream) is not output:
            self._heard[stream] = output
            last = output.last  # what was kept was said by the step before a reload
            self._batteries[stream] = last if isinstance(last, Battery) else Battery()
            output.listen(-1, self._keeper(stream))

    def _battery(self, name: str, step_id: str, plan: Plan | None) -> BatteryGlance:
        told = self._batteries.get(name, Battery())
        reason = plan.reasons.get(name, "") if plan else ""
        written = self._engine.shells[step_id].written if step_id in self._engine.shells else None
        if told.online is False:
            return BatteryGlance(name, written, None, told.soc, "away")
        return BatteryGlance(name, written, told.power, told.soc, reason)

    def _age(self, step_id: str) -> float:
        """Say how long a stream has said nothing, as far as was looked."""
        now, count = self._engine.clock.time(), self._engine.output(step_id).count
        if self._counts.get(step_id, (-1, now))[0] != count:
            self._counts[step_id] = count, now
        return now - self._counts[step_id][1]

    def _valid(self, kind: type[Valid]) -> Valid | None:
        """Return the last plan or outlook on its way through the flow, while it holds."""
        said = [output.last for output in self._engine.outputs.values()][::-1]
        newest = next((value for value in said if isinstance(value, kind)), None)
        return newest if newest and newest.valid_until > self._engine.clock.time() else None

    def _keeper(self, stream: str) -> Callable[[Battery], None]:
        def keep(record: Battery) -> None:
            self._batteries[stream] = record.after(self._batteries.get(stream))

        return keep


def line(glance: Glance) -> str:
    """Tell a glance in one plain line."""
    return ", ".join(_parts(glance))


def _parts(glance: Glance) -> Iterator[str]:
    for name, said in glance.meters.items():
        yield meter_text(name, said)
    if glance.load is not None:
        yield f"load {glance.load:.0f} W"
    for battery in glance.batteries:
        soc = "" if battery.soc is None else f" at {battery.soc:.0f} %"
        yield f"{battery.name} {watts_text(battery.setpoint)} -> {watts_text(battery.power)}{soc}"


def meter_text(name: str, said: Said) -> str:
    """Tell of a source; a power that is not of now is told with its age."""
    watts, age = said
    old = f" ({age:.0f} s ago)" if age > SILENT else ""
    return f"{name} {watts_text(watts)}{old}"


def watts_text(watts: float | None) -> str:
    """Print watts, or a dash for what is not known."""
    return "-" if watts is None else f"{watts + 0.0:.0f} W"
