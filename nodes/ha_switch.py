"""Let something be switched in Home Assistant, over MQTT discovery."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Log, Store
from nodes._helpers import ha
from nodes._helpers.ha import OFF, ON, Entity
from nodes._helpers.ha_entity import shown
from nodes._helpers.ha_values import truth
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.nonsense import Nonsense, excerpt

VALUE = "value"


async def ha_switch(
    *,
    broker: Where,
    name: ha.Name,
    start: Annotated[bool, "what holds until it is switched for the first time"] = False,
    keep: Annotated[bool, "where it was left holds over restarts; else `start` does"] = True,
    on: Annotated[str, "payload of on"] = ON.decode(),
    off: Annotated[str, "payload of off"] = OFF.decode(),
    id: ha.Id = "",
    unique: ha.Unique = "",
    discovery: ha.Discovery = True,
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
) -> AsyncIterator[bool]:
    """True or false: once at the start, and at once each time it is switched, also if it was so.

    What holds is said back on the state topic, retained. Anybody may switch it by a message to the
    command topic: `on`, `off`, or a word such as true and 0, in any case; all else changes nothing,
    nor does a message that the broker kept from before. Silence means that nobody switched it.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/switch.mqtt.
    """
    entity = Entity(
        kind="switch", name=name, id=id, unique=unique, device=device, topic=topic,
        command=command, prefix=prefix, icon=icon, category=category,
    )  # fmt: skip
    traits = {
        "payload_on": on,
        "payload_off": off,
    }
    words = {on.lower(): True, off.lower(): False}
    nonsense = Nonsense(log, entity.object_id)
    kept = store.get(VALUE) if keep else None
    holds = kept if isinstance(kept, bool) else start
    yield holds
    async with (
        shown(
            entity, broker, traits, user=user, password=password, ca=ca, log=log, describe=discovery
        ) as here,
        aclosing(here.commands()) as commands,
    ):
        here.say((on if holds else off).encode())
        async for text in commands:
            found = words.get(text.lower(), truth(text))
            if found is None:
                nonsense.heard(f"neither {on} nor {off}: {excerpt(text)}")
                continue
            nonsense.over()
            holds = store[VALUE] = found
            here.say((on if holds else off).encode())
            yield holds
