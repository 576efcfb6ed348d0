"""One step at work: its inlets, its fence, and its return after a failure."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reactivex import Observable
from reactivex.abc import DisposableBase
from reactivex.disposable import SerialDisposable

from flowctl.clock import Clock
from flowctl.engine.inlet import Inlet, Wired
from flowctl.engine.output import Receiver
from flowctl.faults import RAISED, told
from flowctl.language.flow import FROM
from flowctl.language.graph import Source, Step, Tap, taps
from flowctl.signature.node import NodeKind

if TYPE_CHECKING:
    from flowctl.engine.engine import Engine

SHORTEST, LONGEST = 1.0, 60.0  # s between restarts of a step that goes on failing


class Running:
    """A step between its wires. What its node raises stops here, and the node starts anew."""

    def __init__(self, step: Step, engine: "Engine", rank: int, *, late: bool = False) -> None:
        self.step, self.engine, self.rank = step, engine, rank
        self.failures = 0
        """Failures since it last said something."""
        self._late = late
        self._inlets: dict[str, list[Inlet]] = {}
        self._said = 0  # what its output had counted at the last failure
        self._subscription = SerialDisposable()
        self._retry = SerialDisposable()
        self._clock = StepClock(engine.clock, self)
        self.generation = 0

    def operate(self) -> None:
        """Build the node and let its output speak.

        Raises:
            ValueError: the node refuses its settings.
        """
        self.generation += 1
        made = self._node()
        output = self.engine.output(self.step.id)
        self._subscription.disposable = made.subscribe(
            output.emit,
            lambda error: self.failed(error, self._heard()),
            output.complete,
            scheduler=self._clock,
        )

    def listen(self, put: Receiver, close: Callable[[], None]) -> None:
        """Feed an end (a sink, or the shell of a device) instead of a node."""
        name, source = next(iter(self.step.inputs.items()))
        self._subscription.disposable = self._inlet(name, source).subscribe(put, None, close)

    def stop(self) -> None:
        """Take it down; its timers do nothing from here on."""
        self.generation += 1
        self._retry.dispose()
        self._subscription.dispose()

    def failed(self, error: BaseException, value: Any) -> None:
        """Log what the node raised and start it anew: at once, then with back-off."""
        said = self.engine.output(self.step.id).count
        self.failures = 1 if said > self._said else self.failures + 1
        self._said = said
        log = self.engine.log_of(self.step)
        level = logging.ERROR if self.failures <= 2 else logging.DEBUG
        told_as = (self.step.id, value, told(error))
        log.log(level, "%s failed on %r: %s", *told_as, exc_info=_ours(error))
        self.engine.report(self.step, error, value)
        if self.step.kind not in (NodeKind.OPERATOR, NodeKind.CLOCKED):
            return
        self._late = True
        if self.failures == 1:
            self._again()
            return
        self._subscription.disposable = None
        pause = min(LONGEST, SHORTEST * 2.0 ** (self.failures - 2))
        self._retry.disposable = self.engine.clock.later(pause, self._again)

    def defer(self, receive: Receiver, value: Any) -> None:
        """Wait in the turn for the steps above."""
        self.engine.clock.defer(self.rank, receive, value)

    def _again(self) -> None:
        try:
            self.operate()
        except RAISED as error:  # the fence: a node may fail to build, too
            self.failed(error, None)

    def rewire(self, step: Step, rank: int) -> None:
        """Take over a step that differs by its wires only: state and timers are kept."""
        self.step, self.rank = step, rank
        for name, source in step.inputs.items():
            parts = taps(source) if step.spec else (source,)  # a `from` step has one inlet for all
            for inlet, part in zip(self._inlets[name], parts, strict=True):
                inlet.rewire(self._wired(part))

    def _node(self) -> Observable[Any]:
        step = self.step
        self._inlets.clear()
        if step.spec is None:
            return self._inlet(FROM, step.inputs[FROM])
        wanted = [item for item in step.spec.inputs if item.name in step.inputs]
        inputs = {
            item.name: self._streams(
                item.name,
                step.inputs[item.name],
                deferred=len(wanted) > 1 and (index == 0 or item.triggers),
                further=index > 0 and not item.triggers,  # an old value is no new event
            )
            for index, item in enumerate(wanted)
        }
        arguments = self.engine.arguments(step, self._clock)
        made: Observable[Any] = step.spec.function(**inputs, **arguments)
        return made

    def _streams(self, name: str, source: Source, **flags: bool) -> Any:
        if isinstance(source, Tap):
            return self._inlet(name, source, **flags)
        if isinstance(source, Mapping):
            return {key: self._inlet(name, tap, **flags) for key, tap in source.items()}
        return [self._inlet(name, tap, **flags) for tap in source]

    def _inlet(self, name: str, source: Source, **flags: bool) -> Inlet:
        inlet = Inlet(self._wired(source), self, late=self._late, **flags)
        self._inlets.setdefault(name, []).append(inlet)
        return inlet

    def _wired(self, source: Source) -> list[Wired]:
        return [(self.engine.output(tap.step), tap.field) for tap in taps(source)]

    def _heard(self) -> Any:
        wired = self._wired(next(iter(self.step.inputs.values()), ()))
        return wired[0][0].last if wired else None


class StepClock(Clock):
    """The engine's clock as one step sees it: its timers stand behind the step's fence."""

    def __init__(self, clock: Clock, running: Running) -> None:
        super().__init__()
        self._inner, self._step = clock, running
        self.time = clock.time  # type: ignore[method-assign] # asked for each value: no way round

    def time(self) -> float:
        """Seconds of this run."""
        return self._inner.time()

    def wall(self) -> datetime:
        """The time of day."""
        return self._inner.wall()

    def hand(self, receive: Callable[[Any], object], value: Any) -> None:
        """Hand a value on as a turn of the engine."""
        self._inner.hand(receive, value)

    def defer(self, rank: int, action: Callable[[Any], object], value: Any) -> None:
        """Wait in the engine's turn, at the latest for the step's own place in it.

        The steps below then find what this one says. What the action raises is its failure.
        """
        step, generation = self._step, self._step.generation

        def act(value: Any) -> None:
            if step.generation != generation:
                return
            try:
                action(value)
            except RAISED as error:  # the fence
                step.failed(error, value)

        self._inner.defer(min(rank, step.rank), act, value)

    def later(self, delay: float, action: Callable[[], object]) -> DisposableBase:
        """Arm a timer; what it raises is the step's failure, and it dies with the step."""
        step, generation = self._step, self._step.generation

        def act() -> None:
            if step.generation != generation:
                return
            try:
                action()
            except RAISED as error:  # the fence
                step.failed(error, None)

        return self._inner.later(delay, act)


def _ours(error: BaseException) -> bool:
    """A node's plain refusal needs no traceback; anything unexpected keeps it."""
    return not isinstance(error, ValueError | ArithmeticError | OSError | TypeError)
