"""From what twins say of devices to the setup of a plant."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from flowctl import FlowError
from nodes.sim.kinds import BATTERIES, METERS
from nodes.sim.setup import BatterySetup, MeterSetup, PlantSetup

T = TypeVar("T")
ASKED = "polled"
UNHEARD = ("no_soc", "untold")
"""What of its telemetry a step does not hear, beside what the battery does not tell."""
Words = Mapping[str, Any]
"""Settings of a battery or meter, as in a plant file; numbers in W, Wh, s, %."""


def made_plant(makes: Mapping[str, Words | None]) -> PlantSetup:
    """Make a plant of what twins say, the meter first; the house is a made-up evening.

    How often a flow asks its meter is no property of the plant.
    """
    meter, *others = makes
    its = {key: value for key, value in (makes[meter] or {}).items() if key != ASKED}
    batteries = {
        name: made_battery(name, words) for name in others if (words := makes[name]) is not None
    }
    return PlantSetup(
        meter_name=meter,
        meter=_made(meter, its, MeterSetup(), METERS),
        batteries=MappingProxyType(batteries),
    )


def made_battery(name: str, words: Words) -> BatterySetup:
    """Make a battery of what its twin says.

    Raises:
        FlowError: it says what no battery of a plant has.
    """
    return _made(name, words, BatterySetup(), BATTERIES)


def polled(setup: BatterySetup, words: Words | None) -> BatterySetup:
    """Let a battery tell what a step hears, and as often, if it tells anything."""
    said, told = (words or {}).get("telemetry", {}), setup.telemetry
    if not told.every:
        return setup
    unheard = [name for name in said.get("untold", ()) if name not in told.untold]
    heard = replace(
        told,
        every=said.get("every", told.every),
        no_soc=told.no_soc or said.get("no_soc", False),
        untold=(*told.untold, *unheard),
    )
    return replace(setup, telemetry=heard)


def unheard_of(makes: Mapping[str, Words | None]) -> dict[str, Words | None]:
    """Leave out of what twins say of one flow what only its own steps do not hear."""
    return {name: words and _telling(words) for name, words in makes.items()}


def asked(setup: MeterSetup, words: Words | None) -> MeterSetup:
    """Let a meter be asked as often as a step asks."""
    said = words or {}
    return replace(setup, polled=said[ASKED]) if ASKED in said else setup


def told(setup: BatterySetup) -> str:
    """Say in a line what a battery is."""
    able = f"takes {setup.max_charge:g}W, gives {setup.max_discharge:g}W"
    if not setup.stores:
        return f"a load that takes {setup.max_charge:g}W"
    held = f"{setup.capacity / 1000:g}kWh, {setup.soc:g}% full"
    return f"a battery of the kind {setup.kind}: {able}, {held}"


def measures(setup: MeterSetup) -> str:
    """Say in a line what a meter is."""
    return f"a meter of the kind {setup.kind}: a reading each {setup.every:g}s"


def _telling(words: Words) -> Words:
    told = words.get("telemetry")
    if not isinstance(told, Mapping):
        return words
    return {**words, "telemetry": {key: told[key] for key in told if key not in UNHEARD}}


def _made(name: str, words: Words, default: T, kinds: Mapping[str, Words]) -> T:
    whole: Any = default
    kind = words.get("kind", whole.kind)
    begin: Any = replace(whole, **kinds.get(kind, {}), kind=kind)
    known = {item.name: getattr(begin, item.name) for item in fields(begin)}
    try:
        if kind not in kinds:
            raise TypeError(f"there is no kind '{kind}'")
        parts = {key: _part(known.get(key), value) for key, value in words.items()}
        made: T = replace(begin, **parts)
    except TypeError as error:
        cure = f"kinds are {', '.join(kinds)}, settings {', '.join(known)}"
        raise FlowError(f"what the twin of '{name}' says fits no plant: {error}; {cure}") from None
    return made


def _part(default: Any, value: Any) -> Any:
    """A part that has settings of its own is given as a mapping."""
    is_record = is_dataclass(default) and not isinstance(default, type)
    return replace(default, **value) if is_record else value
