"""Tests that stand in a flow file: what is given at which second, and what is expected then.

    tests:
      - about: a load is shared
        given:
          - {at: 0s, left: {power: 0W, soc: 60%}}
          - {at: 1s, meter: 1kW}
        expect:
          - {at: 3s, left: 500W, within: 30W}
          - {at: 60s, left: released}

`given` speaks for sources and devices. `expect` looks at the newest value a stream has said by
then; for a device at what went into it, where `released` is a release and `nothing` is silence.
`set` gives vars other values for one test, `start` is the date and time at its second 0.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flowctl.engine.inlet import pick
from flowctl.faults import FlowError
from flowctl.language.graph import Graph
from flowctl.language.testform import AT, WITHIN
from flowctl.language.testwires import NOTHING, RELEASED, read_value
from flowctl.recordings.plain import plain, typed
from flowctl.signature.node import NodeKind
from flowctl.units import parse
from flowctl.virtual.bench import Bench
from flowctl.virtual.clock import START


@dataclass(frozen=True)
class Result:
    """How one test went."""

    about: str
    misses: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all that was expected came."""
        return not self.misses


def run_tests(graph: Graph) -> Iterator[Result]:
    """Run the tests of a flow, each on a bench of its own.

    Raises:
        FlowError: a test is not written as it should be.
    """
    for number, test in enumerate(graph.tests, 1):
        about = str(test.get("about", f"test {number}"))
        try:
            yield Result(about, tuple(_misses(graph, test)))
        except (ValueError, KeyError, TypeError) as error:
            raise FlowError(f"{graph.file}: tests: {about}: {error}") from None


def _misses(graph: Graph, test: Mapping[str, Any]) -> Iterator[str]:
    moments = [(parse(m[AT], "s"), 0, m) for m in test.get("given") or ()]
    moments += [(parse(m[AT], "s"), 1, m) for m in test.get("expect") or ()]
    with _bench(graph, test) as bench:
        for second, expected, moment in sorted(moments, key=lambda item: item[:2]):
            bench.advance(max(0.0, second - bench.time))
            values = {key: value for key, value in moment.items() if key not in (AT, WITHIN)}
            for name, value in values.items():
                if not expected:
                    bench.say(name, _spoken(bench.graph, name, value))
                elif miss := _miss(bench, name, value, moment.get(WITHIN, 0)):
                    yield f"at {second:g}s {miss}"


def _bench(graph: Graph, test: Mapping[str, Any]) -> Bench:
    sets, start = test.get("set", {}), test.get("start")
    if not isinstance(sets, Mapping) or (sets and not graph.file):
        raise ValueError("'set' names vars of a flow in a file, and their values")
    when = START if start is None else datetime.fromisoformat(str(start))
    again = {str(name): str(value) for name, value in sets.items()}
    return Bench(graph.file if again else graph, start=when, sets=again)


def _spoken(graph: Graph, stream: str, value: Any) -> Any:
    edge = graph.edge(stream)
    return typed(read_value(value), edge.wire) if edge and edge.wire else read_value(value)


def _miss(bench: Bench, name: str, value: Any, within: Any) -> str:
    said = _said(bench, name)
    if value == NOTHING:
        return f"{name} said {_shown(said[-1][1])}, but nothing was expected" if said else ""
    if not said:
        return f"{name} has said nothing, but {value} was expected"
    got, wanted = said[-1][1], None if value == RELEASED else read_value(value)
    if _agrees(got, wanted, read_value(within)):
        return ""
    return f"{name} is {_shown(got)}, but {value} was expected"


def _said(bench: Bench, name: str) -> list[tuple[float, Any]]:
    step = bench.graph.steps.get(bench.graph.streams.get(name, ""))
    if step and step.kind in (NodeKind.DEVICE, NodeKind.SINK):
        return bench.heard(name)
    stream, _, field = name.partition(".")
    told = bench.stream(stream)
    if not field:
        return told
    return [(t, part) for t, value in told if (part := pick(value, field)) is not None]


def _agrees(got: Any, wanted: Any, within: float) -> bool:
    if isinstance(wanted, Mapping):
        told = plain(got)
        return isinstance(told, Mapping) and all(
            _agrees(told.get(key), part, within) for key, part in wanted.items()
        )
    if isinstance(got, float) and isinstance(wanted, float):
        return abs(got - wanted) <= within + 1e-9
    return bool(got == wanted)


def _shown(value: Any) -> str:
    return RELEASED if value is None else json.dumps(plain(value), ensure_ascii=False)
