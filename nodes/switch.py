"""Choose which of several streams passes."""

from collections.abc import Container, Iterable, Mapping
from functools import partial
from typing import Annotated, Any, Generic, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Expression, Gt, Observable, Seconds, Triggers
from nodes._helpers.expressions import work_out
from nodes._helpers.operators import NONE
from nodes._helpers.timing import TINY, at_last, end_of_turn, once_per_turn

T = TypeVar("T")
Route = bool | str  # true: `then`; false: `otherwise`; a text: one of `among`


def switch(
    values: Annotated[Observable[Any], "the stream of this pipe, `value` in the expression"],
    then: Annotated[
        Observable[T] | None, Triggers(), "passes while true; if not given, the pipe's own"
    ] = None,
    otherwise: Annotated[
        Observable[T] | None, Triggers(), "passes while it is not; if not given, silence"
    ] = None,
    among: Annotated[
        Mapping[str, Observable[T]], Triggers(), "streams that `when` may call by name"
    ] = NONE,
    others: Annotated[
        Mapping[str, Observable[Any]], Triggers(), "streams that `when` sees by name"
    ] = NONE,
    *,
    when: Annotated[Expression, "what decides: true or false, or a text that names one of `among`"],
    stale: Annotated[Seconds, Gt(0), "at a change of choice, an older value is not said"] = 10.0,
    clock: Clock,
) -> Observable[T]:
    """Pass what the chosen stream says, as it says it; the others are not heard.

    In and out: streams of one kind and unit to choose from, and anything to decide by. `when` sees
    `value`, its fields and the newest of `others`, and decides anew whenever one of these speaks:
    true passes `then`, false `otherwise`, a text the stream of that name in `among` (`otherwise` if
    there is none). `switch: {when: soc > 20%, others: {soc: left.soc}}` is a gate; `switch: {when:
    value, among: {auto: plan, charge: full}}` follows a mode.

    At a change of choice the newest value of the stream now chosen is said at once, unless it is
    older than `stale`. Streams that follow from the same event are all heard before one is chosen,
    so a turn gives one value at most. While `when` is not known the choice stays as it was; before
    it ever was known, nothing passes. Silence means that the chosen stream is silent, or that there
    is none. It ends when all inputs have ended.

    Example:
        - from: sunny
        - switch: {when: value, then: meter, otherwise: solar}
    """
    routes: dict[Any, Observable[T]] = dict(among)
    if otherwise is not None:
        routes[False] = otherwise
    if then is not None:
        routes[True] = then

    def subscribe(
        out: abc.ObserverBase[T], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        points = _Points(out, clock, when, stale, among, others)
        heard = [(values, partial(points.lead, then is None))]
        heard += [(stream, partial(points.see, name)) for name, stream in others.items()]
        heard += [(stream, partial(points.hear, route)) for route, stream in routes.items()]
        end = at_last(len(heard), end_of_turn(clock, out))
        return CompositeDisposable(
            [stream.subscribe(hear, out.on_error, end, scheduler=clock) for stream, hear in heard]
        )

    return Observable(subscribe)


class _Points(Generic[T]):
    """Where the switch stands, and what has been heard on each route."""

    def __init__(
        self,
        out: abc.ObserverBase[T],
        clock: Clock,
        when: Expression,
        stale: float,
        names: Container[str],
        others: Iterable[str],
    ) -> None:
        self._out, self._clock, self._stale = out, clock, stale
        self._when, self._names = when, names
        self._value: Any = None
        self._seen: dict[str, Any] = dict.fromkeys(others)
        self._newest: dict[Route, tuple[T, float]] = {}
        self._spoke: set[Route] = set()
        self._chosen: Route | None = None
        self._ask = once_per_turn(clock, self._settle)

    def lead(self, passes: bool, value: Any) -> None:
        self._value = value
        if passes:
            self.hear(True, value)
        self._ask()

    def see(self, name: str, value: Any) -> None:
        self._seen[name] = value
        self._ask()

    def hear(self, route: Route, value: T) -> None:
        self._newest[route] = value, self._clock.time()
        self._spoke.add(route)
        self._ask()

    def _settle(self) -> None:
        before, self._chosen = self._chosen, self._choose()
        spoke, self._spoke = self._spoke, set()
        if self._chosen not in self._newest:
            return
        value, came = self._newest[self._chosen]
        fresh = self._clock.time() - came <= self._stale + TINY
        if self._chosen in spoke or (self._chosen != before and fresh):
            self._out.on_next(value)

    def _choose(self) -> Route | None:
        found = work_out(self._when, self._value, self._seen)
        if found is None:
            return self._chosen
        if isinstance(found, str):
            return found if found in self._names else False
        return bool(found)
