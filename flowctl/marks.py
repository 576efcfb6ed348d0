"""Marks that a node author puts on inputs and outputs: `Annotated[Observable[X], Triggers()]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Triggers:
    """Mark of a further input whose values also make the step speak."""


@dataclass(frozen=True, slots=True)
class EventsIf:
    """Mark of a `Latest` that becomes `Events` where a setting is true (`event: true`)."""

    setting: str


@dataclass(frozen=True, slots=True)
class UnitFrom:
    """Mark of an output whose unit is the text of a setting (`unit: W`)."""

    setting: str


@dataclass(frozen=True, slots=True)
class FieldFrom:
    """Mark of an output that is the field of the first input named by a setting."""

    setting: str
