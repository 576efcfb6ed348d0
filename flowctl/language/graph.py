"""A checked flow: what the engine builds from, and what commands draw and list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowctl.faults import Fault, Mark
from flowctl.language.flow import FROM
from flowctl.signature.node import NodeKind, NodeSpec, Wire


@dataclass(frozen=True, slots=True)
class Tap:
    """Where an input comes from: the output of a step, or one field of it (`plan.left`)."""

    step: str
    field: str | None = None


Source = Tap | tuple[Tap, ...] | Mapping[str, Tap]
"""What one input listens to: one wire, several, or several by name."""


def taps(source: Source) -> tuple[Tap, ...]:
    """Return all taps of one input."""
    if isinstance(source, Tap):
        return (source,)
    return tuple(source.values()) if isinstance(source, Mapping) else source


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pipe, checked and typed."""

    stream: str
    label: str
    """`as:` name, or the node's name, with `#2` for the second of that name in the stream."""
    spec: NodeSpec | None
    """`None`: a `from` step, which merges its inputs."""
    inputs: Mapping[str, Source]
    """By parameter name, the trigger first. A `from` step has one, `from`: a tuple of taps."""
    settings: Mapping[str, Any]
    """As Python values, defaults filled in; device terms among them."""
    wire: Wire | None
    """What comes out, with unit; `None` for a sink."""
    mark: Mark = field(default=Mark())
    line: str = ""
    """How it is written, for what its node says against it."""
    address: Any = None
    """Of a device: what two steps share that mean the same one; `None` where it is not said."""

    @property
    def id(self) -> str:
        """`stream/label`: its name in taps, logs and messages."""
        return f"{self.stream}/{self.label}"

    @property
    def kind(self) -> NodeKind:
        """What it is to the engine."""
        return self.spec.kind if self.spec else NodeKind.OPERATOR

    @property
    def node(self) -> str:
        """The name of its node type."""
        return self.spec.name if self.spec else FROM


@dataclass(frozen=True, slots=True)
class Graph:
    """All steps of one flow in topological order: each after all it listens to.

    A device's output does not count as following from its input: that wire runs through the world.
    """

    name: str
    about: str
    file: str
    """The flow file, or `` for a text."""
    steps: Mapping[str, Step]
    """By step id, in topological order."""
    streams: Mapping[str, str]
    """Stream name to the id of its last step."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    tests: tuple[Any, ...] = ()
    watches: tuple[str, ...] = ()
    """Files whose change asks for a reload: the flow, its .env, nodes beside it."""
    warnings: tuple[Fault, ...] = ()
    unread: tuple[str, ...] = ()
    """Ids of steps that nobody listens to (sinks and devices aside)."""

    def edge(self, stream: str) -> Step | None:
        """Return the source or device step of a stream: what a recording speaks for."""
        kinds = (NodeKind.SOURCE, NodeKind.DEVICE)
        mine = [step for step in self.steps.values() if step.stream == stream]
        return next((step for step in mine if step.kind in kinds), None)
