"""Let a button be pressed in Home Assistant, over MQTT discovery."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import count
from typing import Annotated

from flowctl import Log
from nodes._helpers import ha
from nodes._helpers.ha import Entity
from nodes._helpers.ha_entity import shown
from nodes._helpers.mqtt_address import Ca, Password, User, Where


async def ha_button(
    *,
    broker: Where,
    name: ha.Name,
    device_class: Annotated[str, "e.g. restart, identify"] = "",
    id: ha.Id = "",
    device: ha.Device = "flowctl",
    command: ha.Command = "",
    icon: ha.Icon = "",
    category: ha.Category = "",
    prefix: ha.Prefix = ha.PREFIX,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    log: Log,
) -> AsyncIterator[float]:
    """How often it has been pressed since the start, once for each press: 1, 2, 3, ...

    Any message to the command topic presses it, but one that the broker kept from before. Silence
    means that nobody pressed it.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/button.mqtt.
    """
    entity = Entity(
        kind="button", name=name, id=id, device=device, command=command, prefix=prefix,
        icon=icon, category=category,
    )  # fmt: skip
    traits = {"device_class": device_class}
    async with (
        shown(entity, broker, traits, user=user, password=password, ca=ca, log=log) as here,
        aclosing(here.commands()) as commands,
    ):
        presses = count(1)
        async for _ in commands:
            yield float(next(presses))
