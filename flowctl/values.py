"""The records that nodes share on wires. Frozen; `None` means not known.

Times are seconds of the engine's own clock (`Clock.time()`), never a device's. Powers obey the
one sign rule of `flowctl.units`: positive flows into the house wiring. Limits are magnitudes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final, Self

from flowctl.units import Celsius, Percent, Seconds, WattHours, Watts


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """What a battery tells: at each telemetry, and at once after each setpoint it accepted.

    A record that only tells an acceptance repeats no measurement. For DC-coupled and one-way units
    `power` and the limits speak of the AC power that can be commanded; cells and panels are apart.
    """

    power: Watts | None = None
    """AC power measured, + discharging."""
    power_at: Seconds | None = None
    """When it was measured; `None` with a power means now."""
    soc: Percent | None = None
    """State of charge."""
    capacity: WattHours | None = None
    """Energy when full."""
    setpoint: Watts | None = None
    """The last setpoint the device accepted, + discharging."""
    setpoint_at: Seconds | None = None
    """When it accepted; `None` with a setpoint means now."""
    max_charge: Watts | None = None
    """Largest charging power it takes, a magnitude."""
    max_discharge: Watts | None = None
    """Largest discharging power it gives, a magnitude."""
    min_power: Watts | None = None
    """Smallest power it can hold other than zero, a magnitude."""
    write_every: Seconds | None = None
    """Shortest time between two setpoints it takes."""
    self_regulating: bool | None = None
    """True while it follows a meter of its own."""
    online: bool | None = None
    """False while it does not answer."""
    cell_power: Watts | None = None
    """Power of the cells behind the inverter, + discharging."""
    pv_power: Watts | None = None
    """Power of panels wired to the battery, + producing."""
    charged: WattHours | None = None
    """Counter of energy charged, over the life of the device."""
    discharged: WattHours | None = None
    """Counter of energy discharged, over the life of the device."""
    temperature: Celsius | None = None
    """Of the cells, or of the device where it tells no other."""
    mode: str | None = None
    """The working mode by the device's own name."""

    def after(self, earlier: "Battery | None") -> "Battery":
        """What is known now: this record over an earlier one; silence erases nothing."""
        if earlier is None:
            return self
        return replace(earlier, **known(self))


class Share(float):
    """One battery's watts taken from a plan; it remembers until when it holds, and why."""

    __slots__ = ("reason", "valid_until")
    reason: str
    valid_until: float

    def __new__(cls, watts: float, valid_until: float = math.inf, reason: str = "") -> Self:
        """Make a share that is worth `watts` wherever a float is wanted."""
        share = super().__new__(cls, watts)
        share.valid_until, share.reason = valid_until, reason
        return share


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Watts by battery. Names every battery it can command; 0.0 is commanded idle.

    A battery that went away gets one 0.0 and is then left out: silence becomes release.
    """

    watts: Mapping[str, Watts]
    """Setpoint by battery name, + discharging."""
    reasons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Why each share is what it is: the limiter that bound."""
    unmet: Watts = 0.0
    """What the house still needs and nobody can give; signed like the power that is missing."""
    extra: Mapping[str, Watts] | None = None
    """What of a share is not counted on: tried only, or given until slower ones give theirs.

    A step that takes it away takes nothing that joins `unmet`.
    """
    valid_until: Seconds = math.inf
    """From the age of the meter: no device holds a share longer."""

    def share(self, name: str) -> Share | None:
        """Return the share of one battery, or nothing where the plan leaves it out."""
        if name not in self.watts:
            return None
        return Share(self.watts[name], self.valid_until, self.reasons.get(name, ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """What one battery is doing, owes and can do, as the meter will see it."""

    setpoint: Watts
    """What it will deliver once everything in flight has landed, + discharging."""
    flights: tuple[tuple[Seconds, Watts], ...] = ()
    """Commands not yet fully visible: when each was accepted, and the change it makes."""
    dead_time: Seconds
    """From acceptance to the first sign on the meter (the meter's own delay included)."""
    lag: Seconds
    """Time constant of the response after the dead time."""
    can_charge: Watts
    """What it can take now, a magnitude: learned ceiling, limits and state of charge."""
    can_discharge: Watts
    """What it can give now, a magnitude: likewise."""
    proven_charge: Watts | None = None
    """Most that it was seen to take since it fell short: what it can beyond that is only tried."""
    proven_discharge: Watts | None = None
    """Likewise for what it gives."""
    available: bool = True
    """False while it is offline, or left to itself."""
    soc: Percent | None = None
    """State of charge."""
    floor: Percent | None = None
    """Charge down to which a step lets it discharge: what is below does not count as usable."""
    ceiling: Percent | None = None
    """Charge up to which a step lets it charge: likewise."""
    capacity: WattHours | None = None
    """Energy when full."""
    min_power: Watts = 0.0
    """Smallest power it can hold other than zero, a magnitude."""
    gain: float = 1.0
    """Part of what it is told that it gives where no limit binds it."""
    start_up: Seconds = 0.0
    """How much longer an answer takes out of standby."""
    behind: Seconds = 0.0
    """How much later than the meter it tells of its own moves; negative if it tells sooner."""
    write_every: Seconds = 0.0
    """Shortest time between two setpoints it takes."""
    accepted_at: Seconds = -math.inf
    """When it last accepted a setpoint."""
    self_regulating: bool = False
    """True while it follows a meter of its own."""
    power: Watts | None = None
    """Newest measured power, + discharging."""
    sun: Watts | None = None
    """What panels wired to it make, if it has any: so much of its limit needs no cells."""
    note: str = ""
    """What is special now, for people: `delivers 300W since 14:05`."""

    def shows(self, at: Seconds) -> Watts:
        """Power visible on the meter at a time: the setpoint less what is still in flight."""
        late, dead, lag = 0.0, self.dead_time, max(self.lag, 1e-3)
        for accepted, change in self.flights:
            gone = at - accepted - dead
            late += change if gone < 0 else change * math.exp(-gone / lag)
        return self.setpoint - late


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The house as the predictor sees it: one per meter reading, and as commands land."""

    at: Seconds
    meter: Watts
    """Newest reading, + import."""
    load: Watts
    """What the house draws beyond what it makes itself, free of commands in flight."""
    target: Watts
    """Total battery power that would serve the load worth following, + discharging."""
    batteries: Mapping[str, Ability]
    """Each battery by name."""
    read_at: Seconds = -math.inf
    """When the newest reading came; earlier than `at` in an outlook between readings."""
    period: Seconds = 0.0
    """Mean time between readings."""
    valid_until: Seconds = math.inf
    """From the age of the meter: no plan made of this holds longer."""
    lowest: Watts | None = None
    """Least that a plan may ask of all batteries together: charging is allowed no further."""

    def shows(self) -> Watts:
        """What all batteries show on the meter now."""
        return sum(ability.shows(self.at) for ability in self.batteries.values())


class Release:
    """Told to a device in place of watts: give the battery back to itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "RELEASE"


RELEASE: Final = Release()

_names: dict[type, tuple[str, ...]] = {}


def names(record: type) -> tuple[str, ...]:
    """Field names of a record type."""
    if record not in _names:
        _names[record] = tuple(item.name for item in fields(record))
    return _names[record]


def known(record: Any) -> dict[str, Any]:
    """Fields of a record that are known, by name."""
    told = names(record.__class__)
    return {name: part for name in told if (part := getattr(record, name)) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What the stream `errors` says: a step that raised, or an edge that went away."""

    at: Seconds
    stream: str
    step: str
    error: str
    """What went wrong, as text."""
    value: str = ""
    """The value that did it, as text."""
