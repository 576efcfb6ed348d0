"""Hear the values that others publish on an MQTT topic."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from flowctl import Log, UnitFrom
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_topics import Filter, check_filter
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import Format, decoder


async def mqtt_in(
    *,
    broker: Where,
    topic: Annotated[Filter, "topic, or filter: `+` stands for one level, `#` for all the rest"],
    format: Annotated[Format, "what the payload is; `json` gives objects as they are"] = "number",
    field: Annotated[str, "where in a JSON payload the value is, e.g. `ENERGY.Power`"] = "",
    unit: Annotated[str | None, "unit of the number, e.g. W"] = None,
    ignore_retained: Annotated[bool, "skip what the broker kept from before"] = False,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    log: Log,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """One value per message, as its publisher gives it: its sign and scale are not touched.

    Nothing is said while the broker is away, and for payloads that do not hold such a value. An
    empty payload says nothing: it deletes what the broker kept. The connection is shared by all
    steps with the same address; it comes back by itself and asks for its topics again.

    Raises:
        OSError: the broker does not answer or refuses the login or the topic.

    Source: MQTT 3.1.1 (OASIS, 2014), 3.3.1.3 retained messages, 4.7 topic filters.
    """
    decode, nonsense = decoder(format, field), Nonsense(log, topic)
    check_filter(topic)
    async with (
        mqtt(broker, user=user, password=password, ca=ca, log=log) as link,
        aclosing(link.hear(topic)) as messages,
    ):
        async for message in messages:
            if not message.payload or (message.kept and ignore_retained):
                continue
            try:
                value = decode(message.payload)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            yield value
