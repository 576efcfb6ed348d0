"""Try one operator on timelines in virtual time."""

from collections.abc import Callable, Sequence
from typing import Any

from reactivex import Observable, Subject

from flowctl.log import Log
from flowctl.signature.node import NodeSpec, Shape, read_node
from flowctl.store import Store
from flowctl.virtual.clock import VirtualClock

Timeline = Sequence[tuple[float, Any]]


def play(
    node: Callable[..., Any],
    timeline: Timeline = (),
    /,
    *,
    rest: float = 60.0,
    **given: Any,
) -> list[tuple[float, Any]]:
    """Feed `(second, value)` pairs to an operator and return the pairs it says.

    Further inputs are given by name as timelines (or lists or mappings of timelines); settings by
    name as Python values, or as texts as in a flow file (`every="5s"`). After the last value the
    clock runs on for `rest` seconds. What the node raises, raises here.
    """
    spec, clock = read_node(node), VirtualClock()
    events: list[tuple[float, Subject[Any], Any]] = []
    feeds = {item.name: given.pop(item.name) for item in spec.inputs[1:] if item.name in given}
    inputs = [_shaped(feeds.get(item.name), item.shape, events) for item in spec.inputs[1:]]
    first = [_feed(timeline, events)] if spec.inputs else []
    said: list[tuple[float, Any]] = []
    settings = {name: _setting(spec, name, value) for name, value in given.items()}
    stream: Observable[Any] = node(*first, *inputs, **settings, **_handed(spec, clock))
    stream.subscribe(
        lambda value: said.append((round(clock.time(), 9), value)), _raise, scheduler=clock
    )
    clock.advance(0)
    for time, subject, value in sorted(events, key=lambda event: event[0]):
        clock.advance_to(time)
        clock.turn(subject.on_next, value)
    clock.advance(rest)
    return said


def _feed(timeline: Timeline, events: list[tuple[float, Subject[Any], Any]]) -> Subject[Any]:
    subject: Subject[Any] = Subject()
    events.extend((time, subject, value) for time, value in timeline)
    return subject


def _shaped(given: Any, shape: Shape, events: list[Any]) -> Any:
    if shape is Shape.MAPPING:
        return {name: _feed(line, events) for name, line in (given or {}).items()}
    if shape is Shape.LIST:
        return [_feed(line, events) for line in given or ()]
    return None if given is None else _feed(given, events)


def _setting(spec: NodeSpec, name: str, value: Any) -> Any:
    if isinstance(value, str) and name in spec.settings:
        return spec.settings[name].adapter.validate_python(value)
    return value


def _handed(spec: NodeSpec, clock: VirtualClock) -> dict[str, Any]:
    made = {"clock": clock, "store": Store(), "log": Log(spec.name)}
    return {name: made[what] for name, what in spec.handed.items() if what in made}


def _raise(error: Exception) -> None:
    raise error
