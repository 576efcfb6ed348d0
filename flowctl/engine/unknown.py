"""Expressions that were never known: a name that never comes is told once, not passed over."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flowctl.expression import Expression
from flowctl.language.graph import Step

if TYPE_CHECKING:
    from flowctl.engine.engine import Engine

PATIENCE = 60.0  # s from the start: what comes seldom may still come


class Unknown:
    """Looks once, a while after the start, at each expression that needs names."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._told: set[int] = set()

    def begin(self) -> None:
        """Begin to wait, if there is anything to look at."""
        if any(True for _ in self._asked()):
            self._engine.clock.later(PATIENCE, self._look)

    def _asked(self) -> Iterator[tuple[Step, Expression]]:
        for step in self._engine.graph.steps.values():
            for value in step.settings.values():
                yield from ((step, found) for found in _expressions(value) if found.free)

    def _look(self) -> None:
        for step, found in self._asked():
            if found.missing and not found.known and id(found) not in self._told:
                self._told.add(id(found))
                said = "%s: '%s' has never been known so far: %s"
                self._engine.log_of(step).warning(said, step.id, found, _why(found.missing))


def _why(name: str) -> str:
    return f"'{name}' was in nothing that came so far"


def _expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _expressions(part)
