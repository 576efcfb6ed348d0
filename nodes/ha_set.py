"""Set an entity of Home Assistant: a number, a switch, an option."""

from collections.abc import Mapping
from typing import Annotated, Any

from flowctl import Latest, Log, Secret
from nodes._helpers.ha_link import home_assistant
from nodes._helpers.ha_states import Entity, check_entity
from nodes._helpers.ha_values import truth
from nodes._helpers.hosts import Site
from nodes._helpers.nonsense import Nonsense, excerpt

OPTIONS = ("select", "input_select")
NUMBERS = ("number", "input_number")


async def ha_set(
    values: Latest[Any],
    *,
    host: Annotated[Site, "address of Home Assistant, e.g. homeassistant.local:8123"],
    token: Annotated[Secret, "a long-lived access token: your profile there, Security"],
    entity: Annotated[Entity, "entity id, e.g. input_number.target or switch.heater"],
    log: Log,
) -> None:
    """One service call per value: a number is set, an option selected, anything else switched.

    Numbers go out in the unit and with the sign they flow in, to `number` and `input_number`; texts
    to `select` and `input_select`; true and false turn entities of other domains on and off. While
    calls are slow the newest value wins. What does not fit the entity is told once and left out.

    Raises:
        OSError: Home Assistant does not answer, refuses the token or the service.

    Source: developers.home-assistant.io, WebSocket API, `call_service`.
    """
    check_entity(entity)
    nonsense = Nonsense(log, entity)
    async with home_assistant(host, token) as link:
        async for value in values:
            try:
                service, data = _call(entity.partition(".")[0], value)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            await link.refresh()
            await link.call(service, entity, **data)


def _call(domain: str, value: Any) -> tuple[str, Mapping[str, Any]]:
    if domain in OPTIONS and isinstance(value, str):
        return f"{domain}.select_option", {"option": value}
    is_number = isinstance(value, float | int) and not isinstance(value, bool)
    if domain in NUMBERS and is_number:
        return f"{domain}.set_value", {"value": value}
    holds = truth(value)
    if holds is None or domain in OPTIONS + NUMBERS:
        raise ValueError(f"not a value for a {domain}: {excerpt(str(value))}")
    return f"homeassistant.turn_{'on' if holds else 'off'}", {}
