"""Marks that a node author puts into a signature: `Annotated[Observable[X], Triggers()]`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Triggers:
    """Mark of a further input whose values also make the step speak."""


@dataclass(frozen=True, slots=True)
class EventsIf:
    """Mark of a `Latest` that becomes `Events` where a setting is true (`event: true`)."""

    setting: str


@dataclass(frozen=True, slots=True)
class Check:
    """Mark of a setting with a rule of its own: one that raises `ValueError("fault; cure")`."""

    rule: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Together:
    """Mark of what a node returns: a rule for settings that go together, each by its name.

    For sources, sinks and devices, which are not begun to be checked; it raises as `Check` does.
    """

    rule: Callable[..., object]


@dataclass(frozen=True, slots=True)
class Present:
    """Mark of a path to a file that must be there before the flow runs."""


@dataclass(frozen=True, slots=True)
class NamesBatteries:
    """Mark of a setting or of streams whose names, keys or items of a list, are batteries."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Mark of a text with gaps, `{soc:.0f} %`: the check looks up the names in them."""

    expressions: bool = False
    """Whether they hold expressions."""


@dataclass(frozen=True, slots=True)
class UsualPort:
    """Mark of a host: its port where it names none, as a number or the setting that tells it."""

    port: int | str


@dataclass(frozen=True, slots=True)
class Says:
    """Mark of a setting that is said as it is: it has to be of the kind that the wire carries."""


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """Mark of a setting, or of a stream, that does nothing unless another setting is a value."""

    setting: str
    value: Any = None
    """`None`: any will do."""
    needed: bool = False
    """That value does nothing of its own without it."""


@dataclass(frozen=True, slots=True)
class ShellsOwn:
    """Mark of a term that only the shell of a device goes by: no node reads it."""


TOLD_TO_CHECK = Says | Present | NamesBatteries | Gaps | UsualPort | OnlyWith | ShellsOwn
"""Marks of settings that say nothing of the value alone."""


@dataclass(frozen=True, slots=True)
class NotAfter:
    """Mark of an input that does not suit what a certain node makes: `check` warns."""

    node: str
    why: str
    cure: str
    where: tuple[str, Any] | None = None
    """A setting and a bound, `("target", Lt(0))`: only where it is within."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Mark of an input: a certain node that had a hand in it has to be told the same as this one.

    `names` are settings and streams that both have; `check` warns where they differ.
    """

    node: str
    names: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class UnitFrom:
    """Mark of an output whose unit is the text of a setting (`unit: W`)."""

    setting: str
    otherwise: tuple[str, ...] = ()
    """Settings, quantities or an expression, that tell the unit where that one is not given."""


@dataclass(frozen=True, slots=True)
class FieldFrom:
    """Mark of an output that is the field of the first input named by a setting."""

    setting: str
