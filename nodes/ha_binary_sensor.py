"""Show whether something holds as a binary sensor of Home Assistant, over MQTT discovery."""

from typing import Annotated, Any

from flowctl import Gt, Latest, Log, Seconds
from nodes._helpers import ha
from nodes._helpers.ha import OFF, ON, Entity
from nodes._helpers.ha_entity import shown
from nodes._helpers.ha_values import part_of, truth
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.nonsense import Nonsense, excerpt


async def ha_binary_sensor(
    values: Latest[Any],
    *,
    broker: Where,
    name: ha.Name,
    device_class: Annotated[str, "e.g. connectivity, running, problem"] = "",
    field: Annotated[str, "which field of a record is the state, e.g. `online`"] = "",
    expire: Annotated[Seconds | None, Gt(0), "unavailable after a silence of this long"] = None,
    id: ha.Id = "",
    device: ha.Device = "flowctl",
    topic: ha.Topic = "",
    retain: ha.Retain = True,
    icon: ha.Icon = "",
    category: ha.Category = "",
    prefix: ha.Prefix = ha.PREFIX,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    log: Log,
) -> None:
    """One state per value, ON or OFF: a truth value, a number that is not zero, a word for it.

    Nothing is said for a record whose field is not known. It is unavailable while flowctl is not
    connected, by the link's status topic.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/binary_sensor.mqtt.
    """
    entity = Entity(
        kind="binary_sensor", name=name, id=id, device=device, topic=topic, prefix=prefix,
        icon=icon, category=category,
    )  # fmt: skip
    nonsense = Nonsense(log, entity.object_id)
    traits = {
        "device_class": device_class,
        "expire_after": expire and max(1, round(expire)),
    }
    async with shown(
        entity, broker, traits, user=user, password=password, ca=ca, log=log, retain=retain
    ) as here:
        async for value in values:
            found = part_of(value, field)
            holds = truth(found)
            if holds is not None:
                here.say(ON if holds else OFF)
            elif found is not None:
                nonsense.heard(f"neither on nor off: {excerpt(str(found))}")
