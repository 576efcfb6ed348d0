"""Let a number be set in Home Assistant, over MQTT discovery."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Literal

from flowctl import Gt, Log, Quantity, Store, UnitFrom
from nodes._helpers import ha
from nodes._helpers.ha import Entity, symbol
from nodes._helpers.ha_entity import shown
from nodes._helpers.ha_values import number_in, number_kept
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import encoder

VALUE = "value"  # in the store, with the sign that Home Assistant shows


async def ha_number(
    *,
    broker: Where,
    name: ha.Name,
    low: Annotated[Quantity, "smallest number that can be set"],
    high: Annotated[Quantity, "largest number that can be set"],
    step: Annotated[Quantity | None, Gt(0), "grain of the control in Home Assistant"] = None,
    start: Annotated[Quantity | None, "what holds until it is set for the first time"] = None,
    keep: Annotated[bool, "what was set last holds over restarts; else `start` does"] = True,
    unit: Annotated[str, "unit of the number, one that wires carry: W, Wh, %, s, ..."] = "W",
    sign: ha.Sign = 1,
    mode: Annotated[Literal["auto", "box", "slider"], "what the control looks like"] = "auto",
    device_class: Annotated[str, "e.g. power, battery"] = "",
    id: ha.Id = "",
    device: ha.Device = "flowctl",
    topic: ha.Topic = "",
    command: ha.Command = "",
    icon: ha.Icon = "",
    category: ha.Category = "",
    prefix: ha.Prefix = ha.PREFIX,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    store: Store,
    log: Log,
) -> Annotated[AsyncIterator[float], UnitFrom("unit")]:
    """The number, once at the start if it is known, and at once each time it is set.

    `low`, `high`, `start` and the entity have the sign that Home Assistant shows; with `sign: -1`
    what flows has the other one. What is set is said back on the state topic, retained. Anybody may
    set it by a message to the command topic; what is not a number, or out of range, changes
    nothing, nor does a message that the broker kept from before. Silence means that nobody set it.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/number.mqtt.
    """
    entity = Entity(
        kind="number", name=name, id=id, device=device, topic=topic, command=command,
        prefix=prefix, icon=icon, category=category,
    )  # fmt: skip
    traits = {
        "min": low, "max": high, "step": step, "unit_of_measurement": symbol(unit),
        "device_class": device_class, "mode": mode,
    }  # fmt: skip
    nonsense, write = Nonsense(log, entity.object_id), encoder("plain")
    value = number_kept(store.get(VALUE) if keep else None, start, low, high)
    if value is not None:
        yield sign * value + 0.0
    async with (
        shown(entity, broker, traits, user=user, password=password, ca=ca, log=log) as here,
        aclosing(here.commands()) as commands,
    ):
        if value is not None:
            here.say(write(value))
        async for text in commands:
            try:
                value = number_in(text, low, high)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            store[VALUE] = value
            here.say(write(value))
            yield sign * value + 0.0
