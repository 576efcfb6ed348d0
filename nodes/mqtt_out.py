"""Publish a stream on an MQTT topic."""

from typing import Annotated, Any, Literal

from flowctl import EventsIf, Ge, Latest, Log
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_topics import Topic, check_topic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import Style, encoder


async def mqtt_out(
    values: Annotated[Latest[Any], EventsIf("event")],
    *,
    broker: Where,
    topic: Annotated[Topic, "topic to publish to"],
    retain: Annotated[
        bool, "let the broker keep the newest value for those who come later"
    ] = False,
    qos: Annotated[Literal[0, 1, 2], "0: at most once; 1: at least once; 2: exactly once"] = 0,
    format: Annotated[Style, "`json` quotes texts too; `onoff` says ON and OFF"] = "plain",
    decimals: Annotated[int | None, Ge(0), "round numbers to so many decimals"] = None,
    event: Annotated[
        bool, "each value counts, as a pressed button does: it is never said again"
    ] = False,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    log: Log,
) -> None:
    """One message per value: a float as a plain number, a record as a JSON object.

    Units and signs are those of flowctl: W, and + into the house. A plan is
    `{"watts": {...}, "reasons": {...}, "unmet": ...}`. Unknown fields are left out, and so are
    times of the engine's own clock. While the broker is away or slow the newest value waits, and
    when it returns the newest is said again, so that a retained topic is true after its restart.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: MQTT 3.1.1 (OASIS, 2014), 3.3.1.3 retained messages, 4.3 quality of service.
    """
    encode, nonsense = encoder(format, decimals), Nonsense(log, topic)
    check_topic(topic)
    async with mqtt(broker, user=user, password=password, ca=ca, log=log) as link:
        try:
            async for value in values:
                try:
                    payload = encode(value)
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                link.say(topic, payload, qos=qos, retain=retain, event=event)
        finally:
            link.forget(topic)
