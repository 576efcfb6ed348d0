"""What the tests of time operators share: numbered timelines, and one operator to look into."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Log
from flowctl.signature.node import read_node
from flowctl.virtual.clock import VirtualClock

END = "the end"


def numbered(gaps: list[int]) -> list[tuple[float, int]]:
    """Values 0, 1, 2, ... with so many milliseconds before each."""
    now, line = 0, []
    for number, gap in enumerate(gaps):
        now += gap
        line.append((now / 1000, number))
    return line


timelines = st.lists(st.integers(0, 3000), max_size=40).map(numbered)


class Tried:
    """One operator on one subject in virtual time; its end is heard, its timers are seen."""

    def __init__(self, node: Callable[..., Any], **settings: Any) -> None:
        self.clock, self.source, self.said = VirtualClock(), Subject(), list[tuple[float, Any]]()
        if "log" in read_node(node).handed.values():
            settings["log"] = Log(node.__name__)
        stream = node(self.source, **settings, clock=self.clock)
        self.subscription = stream.subscribe(
            self._note, on_completed=lambda: self._note(END), scheduler=self.clock
        )

    def say(self, time: float, *values: Any) -> None:
        self.clock.advance_to(time)
        for value in values:
            self.clock.turn(self.source.on_next, value)

    def end(self, time: float) -> None:
        self.clock.advance_to(time)
        self.clock.turn(self.source.on_completed)

    def _note(self, value: Any) -> None:
        self.said.append((round(self.clock.time(), 9), value))


def newest(line: list[tuple[float, Any]], time: float) -> Any:
    """The last value said up to and including a time."""
    return [value for at, value in line if at <= time + 1e-9][-1]
