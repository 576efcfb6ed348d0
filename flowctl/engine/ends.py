"""Where a flow meets the world: what the engine asks of sources, sinks and devices."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flowctl.language.graph import Step
from flowctl.values import Battery


class End(Protocol):
    """Where a wire meets the world: a running source, sink or device."""

    def put(self, value: Any) -> None:
        """Take a value (watts or `RELEASE` for a device)."""

    def close(self) -> None:
        """Take no more: finish what was put, then end."""


class Ends(Protocol):
    """Makes the ends of a flow: tasks when it is live, records when it is not."""

    def source(self, edge: "Edge", push: Callable[[Any], None], done: Callable[[], None]) -> End:
        """Start a source."""

    def sink(self, edge: "Edge") -> End:
        """Start a sink."""

    def device(
        self, edge: "Edge", push: Callable[[Battery], None], renew: Callable[[], None]
    ) -> End:
        """Start a device; `renew` asks the shell to write again after an absence."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A source, sink or device to be started: its step, arguments and where troubles go."""

    step: Step
    arguments: Mapping[str, Any]
    log: logging.Logger
    report: Callable[[BaseException], None]

    def start(self, *boxes: Any) -> Any:
        """Call the node: a source with nothing, a sink or a device with the box it reads from."""
        assert self.step.spec, "a `from` step is not an edge"
        return self.step.spec.function(*boxes, **self.arguments)
