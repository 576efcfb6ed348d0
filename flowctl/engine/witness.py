"""What every step of a running flow had said when a device was decided, and what decided it."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flowctl.engine.binding import given_back, outside, swallowed
from flowctl.engine.explanation import AS_TOLD, Explanation, Given, Said, Then
from flowctl.engine.inlet import pick
from flowctl.engine.sentences import apart, doing, made, share_of, words
from flowctl.faults import FlowError
from flowctl.language.chain import (
    NEVER,
    Heard,
    all_taps,
    aside,
    device_step,
    pipe,
    trigger,
    wire_into,
)
from flowctl.language.flow import INTO
from flowctl.language.graph import Graph, Step, taps
from flowctl.signature.node import NodeKind
from flowctl.units import show
from flowctl.values import Battery, Outlook, Plan, Release

if TYPE_CHECKING:
    from flowctl.engine.engine import Engine

OLD = 1.0  # s a plan may be behind the sample that it is made of
WORTH = 5.0  # W that a step must change to be called the one that decided


class Witness:
    """Remembers what every step of a flow had said when a device was last decided."""

    def __init__(self, engine: "Engine", device: str) -> None:
        self.engine, self.graph, self.device = engine, engine.graph, device
        self.last: dict[str, Heard] = {}
        self.decided: tuple[Heard, Any] | None = None
        """What the step that the device listens to said last, and what the device is told by it."""
        self.written: Heard | None = None
        self.since: float | None = None
        """When it was first written what is written now."""
        self._wire = wire_into(self.graph, device)
        self._leave = [self._watch(step_id) for step_id in self.graph.steps]
        self._leave.append(engine.output(self._wire.step).listen(-1, self._decide))
        self._leave.append(engine.output(f"{device}/{INTO}").listen(-1, self._write))

    @property
    def now(self) -> float:
        """Seconds of the run."""
        return self.engine.clock.time()

    def close(self) -> None:
        """Listen no more."""
        for leave in self._leave:
            leave()

    def _watch(self, step_id: str) -> Callable[[], None]:
        output, step = self.engine.output(step_id), self.graph.steps[step_id]
        inputs = [] if step.kind is NodeKind.DEVICE else [tap.step for tap in all_taps(step)]
        if output.count:
            self.last[step_id] = Heard(self.now, output.last)
        return output.listen(-2, lambda value: self._keep(step_id, inputs, value))

    def _keep(self, step_id: str, inputs: list[str], value: Any) -> None:
        before, last = self.last.get(step_id), self.last
        if isinstance(value, Battery) and before:
            value = value.after(before.value)
        last[step_id] = Heard(
            self.now, value, {name: last[name] for name in inputs if name in last}
        )

    def _decide(self, value: Any) -> None:
        wanted = value if self._wire.field is None else pick(value, self._wire.field)
        if wanted is not None or isinstance(value, Plan):
            self.decided = (self.last[self._wire.step], wanted)

    def _write(self, value: Any) -> None:
        watts = None if isinstance(value, Release) else float(value)
        if self.written is None or apart(self.written.value, watts):
            self.since = self.now
        self.written = Heard(self.now, watts)


def told(witness: Witness, at: float, epoch: float, then: Then = AS_TOLD) -> Explanation:
    """Put together what was seen; of a run that is replayed, with what is known of `then`."""
    graph, device, written = witness.graph, witness.device, witness.written
    if witness.decided is None:
        raise FlowError(f"'{device}' was told nothing by then; is the recording long enough?")
    decided, wanted = witness.decided
    main = pipe(graph, device, decided)
    given = then.given or _given(witness)
    played = written.value if written else None
    step, reason = _decided(witness, main, played if then.apart else given.watts)
    return Explanation(
        device=device,
        at=at,
        setpoint=given.watts,
        written_at=None if math.isnan(given.at) else epoch + given.at,
        since=None if math.isnan(given.since) else epoch + given.since,
        wanted=None if wanted is None else float(wanted),
        chain=_all_said(graph, main, device, epoch),
        beside=_all_said(graph, aside(graph, main), device, epoch),
        step=step,
        reason=reason,
        totals=tuple(totals(main)),
        epoch=epoch,
        played=played,
        apart=then.apart,
        how=then.how,
    )


def _given(witness: Witness) -> Given:
    if witness.written is None or witness.since is None:
        return Given(None)
    return Given(witness.written.value, witness.written.at, witness.since)


def _decided(
    witness: Witness, main: Mapping[str, Heard], setpoint: float | None
) -> tuple[str, str]:
    """Find what decided, and its reason: the shell of the device, or a step of its pipe."""
    decided, wanted = witness.decided or (NEVER, None)
    step = device_step(witness.graph, witness.device).id
    shell = witness.engine.shells[step]
    rating = witness.last[step].value if step in witness.last else Battery()
    held = given_back(shell, wanted) if setpoint is None else ""
    if held and held == shell.ended and not shell.closed:
        held += _since(main, decided, witness.now)
    held = held or outside(shell.terms, rating, wanted, setpoint)
    if held:
        return f"{witness.device}/{INTO}", held
    name, reason = decider(main, witness.device)
    return name, "; ".join(filter(None, (reason, swallowed(shell.terms, wanted, setpoint))))


def decider(main: Mapping[str, Heard], device: str) -> tuple[str, str]:
    """Find the last step of a pipe that changed the number of a device, and its reason."""
    step, reason, note = "", "", ""
    before: float | None = math.nan
    for name, (_, value, _) in main.items():
        if isinstance(value, Outlook):  # what was measured before it is nobody's share
            step, before, note = name, math.nan, _note(value, device)
            continue
        share = share_of(value, device)
        if not apart(before, share, WORTH):
            continue
        step, before, reason = name, share, ""
        if isinstance(value, Plan):
            left_out = f"the plan leaves {device} out{note}"
            reason = left_out if share is None else value.reasons.get(device, "")
    return step, reason


def _note(view: Outlook, device: str) -> str:
    """Say what an outlook has against a battery that a plan leaves out."""
    known = view.batteries.get(device)
    return f" ({known.note})" if known and known.note else ""


def totals(main: Mapping[str, Heard]) -> Iterator[str]:
    """Say which steps of a pipe ask another total of all batteries than was needed before them."""
    before: float | None = None
    for name, heard in main.items():
        if isinstance(heard.value, Outlook):
            now = heard.value.target
            if before is not None and apart(before, now, WORTH):
                yield f"{name} has all batteries {doing(now)}, where they would {doing(before)}"
            before = now


def _since(main: Mapping[str, Heard], decided: Heard, now: float) -> str:
    """Say how old the last word of a pipe is, and the sample that it was made of."""
    source, sample = next(iter(main.items()), ("", decided))
    said = f": the last plan came {show(round(now - decided.at, 1), 's')} ago"
    if decided.at - sample.at < OLD:
        return said
    return f"{said}, of what {source} said {show(round(now - sample.at, 1), 's')} ago"


def _all_said(
    graph: Graph, all_heard: Mapping[str, Heard], device: str, epoch: float
) -> tuple[Said, ...]:
    return tuple(_said(graph.steps[k], graph, h, device, epoch) for k, h in all_heard.items())


def _said(step: Step, graph: Graph, heard: Heard, device: str, epoch: float) -> Said:
    value, is_edge = heard.value, step.kind is NodeKind.DEVICE
    tap = None if is_edge else trigger(step, heard.inputs)
    unit = step.wire.unit if step.wire else None
    if tap is None or tap.step not in heard.inputs:
        text = f"{'told' if is_edge else 'read'} {words(value, unit, device)}"
    else:
        given = heard.inputs[tap.step].value
        given = given if tap.field is None else pick(given, tap.field)
        above = graph.steps[tap.step].wire
        text = made(given, value, (above.unit if above else None, unit), device)
    beside = tuple(_beside(graph, step, heard.inputs))
    return Said(step.id, step.node, epoch + heard.at, value, text, beside)


def _beside(graph: Graph, step: Step, inputs: Mapping[str, Heard]) -> Iterator[str]:
    """Put into words what a step looks at besides its trigger."""
    for source in list(step.inputs.values())[1:]:
        for tap in taps(source):
            heard = inputs[tap.step].value if tap.step in inputs else None
            value = heard if tap.field is None else pick(heard, tap.field)
            wire = graph.steps[tap.step].wire if tap.step in graph.steps else None
            unit = wire.unit if wire and tap.field is None else None
            name = tap.step.partition("/")[0] + (f".{tap.field}" if tap.field else "")
            yield f"{name}: {words(value, unit)}"
