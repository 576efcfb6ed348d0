"""Hear the state of any entity of Home Assistant."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from flowctl import Ge, Log, Seconds, Secret, UnitFrom
from nodes._helpers.ha_link import home_assistant
from nodes._helpers.ha_states import Entity, State, check_entity
from nodes._helpers.ha_values import Format, value_of
from nodes._helpers.hosts import Site
from nodes._helpers.nonsense import Nonsense


async def ha_state(
    *,
    host: Annotated[Site, "address of Home Assistant, e.g. homeassistant.local:8123"],
    token: Annotated[Secret, "a long-lived access token: your profile there, Security"],
    entity: Annotated[Entity, "entity id, e.g. sensor.grid_power"],
    attribute: Annotated[str, "take this attribute in place of the state"] = "",
    format: Annotated[Format, "what the state is"] = "number",
    unit: Annotated[
        str | None, "unit of the number, e.g. W; kW and kWh are converted to it"
    ] = None,
    every: Annotated[
        Seconds,
        Ge(0.1),
        "time between two looks for a state told again unchanged; it needs time to answer",
    ] = 10.0,
    log: Log,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """One value at the start and each time the entity's state is told, with the sign it has there.

    A change is heard at once, by a WebSocket subscription. A state that is told again without a
    change is found within `every` (by Home Assistant 2024.4 and newer, with the token of an
    administrator, and not for all integrations). Where no WebSocket gets through, the state is
    asked for every so often. Nothing is said while the entity is unavailable or unknown, its state
    is not such a value or in another unit, and while nobody tells a new state: a meter whose
    integration hangs falls silent here.

    Raises:
        OSError: Home Assistant does not answer, refuses the token, or has no such entity.

    Source: developers.home-assistant.io: REST API, `/api/states/ENTITY`; WebSocket API; the
    compressed events of `subscribe_entities` as home-assistant-js-websocket reads them.
    """
    check_entity(entity)
    nonsense, away = Nonsense(log, entity), False
    async with (
        home_assistant(host, token) as link,
        aclosing(link.watch(entity, every)) as states,
    ):
        async for state in states:
            away = _told(away, state, log)
            if not state.known:
                continue
            try:
                value = value_of(state, attribute, format, unit)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            yield value


def _told(away: bool, state: State, log: Log) -> bool:
    """Log when an entity goes and when it is back."""
    if away is state.known:
        log.warning("%s is %s", state.entity, "back" if state.known else state.text)
    return not state.known
