"""Why a device has its setpoint: what is told of it."""

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

How = Literal["told", "holds", "would"]


class Given(NamedTuple):
    """What a battery was given; in seconds of the run."""

    watts: float | None
    """W, + discharging; `None`: it is its own."""
    at: float = math.nan
    """When that was written last; not a number where nothing was."""
    since: float = math.nan
    """When it was first written like that."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one step said, and what it made it of."""

    step: str
    node: str
    at: float
    """Seconds since the epoch."""
    value: Any
    words: str
    beside: tuple[str, ...] = ()
    """What it looked at besides."""


class Then(NamedTuple):
    """What a device was given in the run that is replayed; `None`: what it is told now."""

    given: Given | None = None
    apart: str = ""
    how: How = "told"


AS_TOLD = Then()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a device has its setpoint."""

    device: str
    at: float
    setpoint: float | None
    """In force at that time, W, + discharging; `None`: the battery is its own."""
    written_at: float | None
    since: float | None
    """When it was first written like that; devices with a time-out are written again and again."""
    wanted: float | None
    """What the flow wanted of it last; `None`: it was left out."""
    chain: tuple[Said, ...]
    """From the sample to what was wanted."""
    beside: tuple[Said, ...]
    """Steps of other streams that the chain looked at."""
    step: str
    """Which step decided: the last one to change the number."""
    reason: str
    totals: tuple[str, ...] = ()
    """Steps that ask another total of all batteries, in sentences."""
    epoch: float = 0.0
    """The date of second 0 of the run, by which times inside values count."""
    played: float | None = None
    """What the flow tells it, played again: `apart` from the setpoint, or nearly that."""
    apart: str = ""
    """In what that differs from what was given."""
    how: How = "told"
    """Whether it was told that, says itself that it holds it, or would be told it."""
