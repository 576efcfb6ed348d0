"""What a node sees of a wire: a real Observable that stands behind the step's fence."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from reactivex import Observable, abc
from reactivex.disposable import Disposable

from flowctl.engine.output import Failed, Output, Receiver
from flowctl.expression import field_of
from flowctl.faults import RAISED
from flowctl.values import Plan

Wired = tuple[Output, str | None]


class Behind(Protocol):
    """The step that listens: its place in the turn, and where its failures go."""

    rank: int

    def failed(self, error: BaseException, value: Any) -> None:
        """Take note of what the node raised."""

    def defer(self, receive: Receiver, value: Any) -> None:
        """Hand a value on when all steps above have spoken in this turn."""


class Inlet(Observable[Any]):
    """One input of one step. It skips reactivex's own wrapping: the fence does that work."""

    def __init__(
        self,
        taps: Sequence[Wired],
        step: Behind,
        *,
        deferred: bool = False,
        further: bool = False,
        late: bool = False,
    ) -> None:
        super().__init__()
        self._taps, self._step = taps, step
        self._deferred, self._further, self._late = deferred, further, late
        self._heard: list[_Ear] = []

    def subscribe(  # the contract of Observable, without its trampoline and wrappers
        self,
        on_next: Any = None,
        on_error: Any = None,
        on_completed: Any = None,
        *,
        scheduler: abc.SchedulerBase | None = None,
    ) -> abc.DisposableBase:
        """Listen to every wire of this input."""
        if hasattr(on_next, "on_next"):
            on_next, on_completed = on_next.on_next, on_next.on_completed
        receive, completed = on_next or _ignore, on_completed or _nothing
        if self._deferred:  # and so is the end: it must not overtake the last word
            receive = partial(self._step.defer, _fenced(receive, self._step.failed))
            completed = partial(self._step.defer, _calling(completed), None)
        ear = _Ear(receive, completed, self._step)
        self._heard.append(ear)
        ear.listen(self._taps, seeded=self._further and self._late)
        return Disposable(lambda: self._leave(ear))

    def rewire(self, taps: Sequence[Wired]) -> None:
        """Listen to other wires from now on; the node does not notice.

        A further input hears their newest values at once; a trigger never hears an old one again.
        """
        self._taps = taps
        for ear in self._heard:
            ear.leave()
            ear.rank = self._step.rank
            ear.listen(taps, seeded=self._further)

    def _leave(self, ear: "_Ear") -> None:
        ear.leave()
        if ear in self._heard:
            self._heard.remove(ear)


class _Ear:
    """One subscription of an inlet, on all its wires."""

    def __init__(self, receive: Receiver, completed: Callable[[], None], step: Behind) -> None:
        self._receive, self._completed = receive, completed
        self._failed, self.rank = step.failed, step.rank
        self._leaves: list[Callable[[], None]] = []
        self._open = 0

    def listen(self, taps: Sequence[Wired], *, seeded: bool) -> None:
        wired = [(output, field) for output, field in taps if not output.closed]
        self._open = len(wired)
        if not wired:
            self._completed()
        for output, field in wired:
            taken = self._receive if field is None else _picking(self._receive, field)
            self._leaves.append(output.listen(self.rank, taken, self._done, self._failed))
            if seeded and (newest := output.newest()) is not None:
                _fenced(taken, self._failed)(newest)

    def leave(self) -> None:
        for leave in self._leaves:
            leave()
        self._leaves.clear()

    def _done(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._completed()


def pick(value: Any, field: str) -> Any:
    """Read `stream.field`: a share of a plan, a field of a record, a key of a mapping."""
    if isinstance(value, Plan):
        share = value.share(field)
        return share if share is not None else getattr(value, field, None)
    return field_of(value, field)


def _fenced(on_next: Receiver, failed: Failed) -> Receiver:
    """A fence for what does not come straight from an output."""

    def receive(value: Any) -> None:
        try:
            on_next(value)
        except RAISED as error:  # this is the fence
            failed(error, value)

    return receive


def _calling(completed: Callable[[], None]) -> Receiver:
    return lambda _: completed()


def _picking(receive: Receiver, field: str) -> Receiver:
    def take(value: Any) -> None:
        part = pick(value, field)
        if part is not None and not isinstance(part, Mapping | list):
            receive(part)

    return take


def _ignore(_value: Any) -> None:
    pass


def _nothing() -> None:
    pass
