"""States of Home Assistant's entities, as its REST and its WebSocket interface tell them."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from flowctl import Check
from nodes._helpers.fields import frozen

UNKNOWN = ("unavailable", "unknown")
ENTITY = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+\Z")
NONE: Mapping[str, Any] = MappingProxyType({})


class State(NamedTuple):
    """What Home Assistant has of one entity."""

    entity: str
    text: str
    attributes: Mapping[str, Any] = NONE
    reported: float = 0.0
    """When it was last told so, in seconds since the epoch by Home Assistant's clock."""

    @property
    def known(self) -> bool:
        """Whether there is a state at all."""
        return self.text not in UNKNOWN


def gone(entity: str) -> State:
    """Make the state of an entity that is not there."""
    return State(entity, UNKNOWN[0])


def check_entity(entity: str) -> str:
    """Return an entity id that is well formed.

    Raises:
        ValueError: it is none.
    """
    if not ENTITY.match(entity):
        raise ValueError(f"'{entity}' is not an entity id; write e.g. sensor.grid_power")
    return entity


def read_rest(entity: str, told: Any) -> State:
    """Read the answer to `GET /api/states/ENTITY`; nonsense counts as not known."""
    if not isinstance(told, Mapping) or not isinstance(told.get("state"), str):
        return gone(entity)
    at = _seconds(told.get("last_updated"))
    return State(entity, told["state"], _mapping(told.get("attributes")), at)


def apply(states: dict[str, State], event: Any) -> list[str]:
    """Take in an event of `subscribe_entities`; return the entities it speaks of.

    It has added entities under `a`, changes under `c` (what came under `+`, what went under `-`)
    and removed entities under `r`. Of an entity, `s` is the state, `a` the attributes, `lc` and
    `lu` when it changed and was updated; `lu` is left out where it is `lc`.
    """
    event = _mapping(event)
    spoken = list[str]()
    for entity, told in _mapping(event.get("a")).items():
        states[entity] = _changed(gone(entity), _mapping(told), NONE)
        spoken.append(entity)
    for entity, change in _mapping(event.get("c")).items():
        come, went = _mapping(_mapping(change).get("+")), _mapping(_mapping(change).get("-"))
        states[entity] = _changed(states.get(entity, gone(entity)), come, went)
        spoken.append(entity)
    removed = event.get("r")
    for entity in removed if isinstance(removed, tuple | list) else ():
        states[str(entity)] = gone(str(entity))
        spoken.append(str(entity))
    return spoken


def _changed(state: State, come: Mapping[str, Any], went: Mapping[str, Any]) -> State:
    text, stamp = come.get("s", state.text), come.get("lu", come.get("lc", state.reported))
    lost = went.get("a")
    kept = {**state.attributes, **_mapping(come.get("a"))}
    for name in lost if isinstance(lost, tuple | list) else ():
        kept.pop(name, None)
    at = float(stamp) if isinstance(stamp, float | int) else state.reported
    return State(state.entity, str(text), MappingProxyType(kept), at)


def _mapping(value: Any) -> Mapping[str, Any]:
    try:
        return frozen(value) if isinstance(value, Mapping) else NONE
    except ValueError:  # a number in there is not finite
        return NONE


def _seconds(stamp: Any) -> float:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except (TypeError, ValueError):
        return 0.0


Entity = Annotated[str, Check(check_entity)]
