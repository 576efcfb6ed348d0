"""Steps on their way to be checked, and the names their references may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowctl.faults import Mark
from flowctl.language.flow import FROM
from flowctl.language.graph import Source, Tap
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.variables import Variables
from flowctl.signature.node import Input, NodeKind, NodeSpec, Wire


@dataclass
class Scope:
    """The names that references of one file can use, and what they stand for."""

    variables: Variables
    stream: str = ""
    """The stream of the flow that a sub-flow is unfolded in."""
    prefix: str = ""
    ends: dict[str, str | None] = field(default_factory=dict)
    """Stream to the id of its last step; `None` when it has none."""
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    """Stream to its labels, label to step id."""
    bound: dict[str, tuple[Input, Marked, "Scope"]] = field(default_factory=dict)
    """Inputs of a sub-flow that are lists or mappings, and what was given for them."""
    inside: tuple[str, ...] = ()

    def id(self, stream: str, label: str) -> tuple[str, str]:
        """Return the stream of the flow and the label there."""
        if self.stream:
            return self.stream, f"{self.prefix}{stream}/{label}"
        return stream, label


@dataclass
class Draft:
    """A step on its way to be checked."""

    stream: str
    label: str
    mark: Mark
    scope: Scope
    spec: NodeSpec | None
    given: Marked | None = None
    before: str | None = None
    """The step above it in the pipe."""
    wants: Input | None = None
    """What the input of a sub-flow asks of its wire."""
    unknown: bool = False
    """The node could not be found: whatever comes in and goes out is right."""
    inputs: dict[str, Source] = field(default_factory=dict)
    places: dict[str, Mark] = field(default_factory=dict)
    keys: dict[str, Mapping[str, Mark]] = field(default_factory=dict)
    """Where the names stand by which an input is given many streams."""
    settings: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Marked] = field(default_factory=dict)
    """Settings as they were given, filled."""
    wire: Wire | None = None
    origin: Mark = field(default=Mark())
    """Where the unit of its wire comes from."""

    @property
    def id(self) -> str:
        """`stream/label`."""
        return f"{self.stream}/{self.label}"

    @property
    def node(self) -> str:
        """Name of its node type."""
        return self.spec.name if self.spec else FROM

    @property
    def first(self) -> Input | None:
        """The input that the pipe goes into; sources and `from` steps have none."""
        return self.spec.inputs[0] if self.spec and self.spec.inputs else None

    @property
    def further(self) -> tuple[Input, ...]:
        """The inputs that are given by name."""
        return self.spec.inputs[1:] if self.spec else ()

    def by_name(self, name: str) -> Mapping[str, Tap]:
        """Return the streams of an input that is given many by name; else none."""
        source = self.inputs.get(name)
        return source if isinstance(source, Mapping) else {}

    @property
    def whole(self) -> bool:
        """Whether all that its node wants is there and could be read."""
        if self.spec is None:
            return FROM in self.inputs and not self.unknown
        wanted = {item.name for item in self.spec.inputs if item.required}
        return wanted <= self.inputs.keys() and self.spec.settings.keys() <= self.settings.keys()

    @property
    def device(self) -> bool:
        """Whether its wire runs through the world."""
        return self.spec is not None and self.spec.kind is NodeKind.DEVICE


@dataclass
class Drafts:
    """All steps of a flow, by id, in the order of the file."""

    report: Report
    steps: dict[str, Draft] = field(default_factory=dict)
