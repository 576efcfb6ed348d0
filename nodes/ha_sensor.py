"""Show a stream as a sensor of Home Assistant, over MQTT discovery."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from flowctl import Ge, Gt, Latest, Log, Seconds
from nodes._helpers import ha
from nodes._helpers.ha import Entity, symbol
from nodes._helpers.ha_entity import shown
from nodes._helpers.ha_values import Reader
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.nonsense import Nonsense

StateClass = Literal["", "measurement", "total", "total_increasing"]


async def ha_sensor(
    values: Latest[Any],
    *,
    broker: Where,
    name: ha.Name,
    unit: Annotated[
        str, "unit as Home Assistant shows it; kW and kWh are converted from W, Wh"
    ] = "",
    device_class: Annotated[str, "e.g. power, energy, battery, enum"] = "",
    state_class: Annotated[StateClass, "measurement for long statistics; total for energy"] = "",
    sign: ha.Sign = 1,
    decimals: Annotated[int | None, Ge(0), "round numbers to so many decimals"] = None,
    field: Annotated[str, "which field of a record is the state"] = "",
    attributes: Annotated[bool, "show the fields of a record as attributes too"] = False,
    options: Annotated[Sequence[str], "all states there are, for device class enum"] = (),
    announce: Annotated[
        Literal["start", "first"], "when it is discovered: at the start, or with its first state"
    ] = "start",
    discovery: ha.Discovery = True,
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
    """One state per value: a number in `unit`, a text, or a `field` of a record.

    In: quantities in base units (W, Wh, s, %), + into the house, or with `sign: -1` the other way
    round. Attributes keep the units and signs of flowctl; Home Assistant leaves out those with
    names that it needs itself (`available`, `icon`, `state` and others). Nothing is said for a
    record without the field. It is unavailable while flowctl is not connected, by the link's status
    topic (`flowctl/status`, or `?status=` in the address); the broker keeps its description.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/sensor.mqtt; state classes and device classes:
    developers.home-assistant.io/docs/core/entity/sensor.
    """
    entity = Entity(
        kind="sensor", name=name, id=id, device=device, topic=topic, prefix=prefix,
        icon=icon, category=category,
    )  # fmt: skip
    read, nonsense = Reader(unit, sign, decimals, field), Nonsense(log, entity.object_id)
    traits = {
        "unit_of_measurement": symbol(unit),
        "device_class": device_class,
        "state_class": state_class,
        "options": list(options),
        "suggested_display_precision": decimals,
        "expire_after": expire and max(1, round(expire)),
        "json_attributes_topic": entity.attributes_topic if attributes else "",
    }
    at_once = discovery and announce == "start"
    async with shown(
        entity, broker, traits, user=user, password=password, ca=ca, log=log,
        retain=retain, describe=at_once,
    ) as here:  # fmt: skip
        async for value in values:
            try:
                state = read.state(value)
                if discovery and state is not None:
                    here.describe()
                if attributes:
                    here.add(read.attributes(value))
                if state is not None:
                    here.say(state)
            except ValueError as why:
                nonsense.heard(why)
