"""Hear a power of a Victron system from the MQTT broker of its GX device."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Check, Gt, Le, Log, Seconds, Watts, ticks
from nodes._helpers.either import either
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Broker, Ca, Password, User
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.mqtt_topics import check_topic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.victron import BEAT, QUIETLY, Place, Powers, filters


def check_portal(portal: str) -> None:
    """Make sure that topics can be made of it."""
    check_topic(f"N/{portal}")


async def victron_mqtt(
    *,
    broker: Annotated[Broker, "address of the GX device, e.g. mqtt://192.168.1.70:1883"],
    portal: Annotated[str, Check(check_portal), "its VRM portal ID, 12 letters and digits"],
    of: Annotated[Place, "which power: of the grid, solar panels, battery or loads"] = "grid",
    beat: Annotated[Seconds, Gt(0), Le(60), "time between two keep-alives"] = BEAT,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    log: Log,
) -> AsyncIterator[Watts]:
    """Power per message, the sum of its phases: into the house +, so loads and charging are -.

    Nothing is said before all phases have been told, while none is available, and while the broker
    is away. Each phase comes in a message of its own: between two the sum is of old and new.

    Raises:
        OSError: the broker does not answer or refuses the login or a topic.

    Source: victronenergy/dbus-flashmq, README: notifications, keep-alive; dbus-systemcalc-py:
    `Ac/Grid`, `Ac/Consumption`, `Ac/PvOnGrid`, `Ac/PvOnOutput`, `Dc/Pv`, `Dc/Battery` (+ charging).
    """
    check_portal(portal)
    nonsense, powers = Nonsense(log, f"the GX device {portal}"), Powers()
    async with mqtt(broker, user=user, password=password, ca=ca, log=log) as link:
        heard = link.hear(*filters(portal, of))  # as one: the end of a telling comes after it
        async with aclosing(either(heard, ticks(beat))) as events:
            async for event in events:
                if not isinstance(event, Message):
                    powers = powers if link.online else Powers()
                    asks = QUIETLY if powers.complete else b""
                    link.say(f"R/{portal}/keepalive", asks, event=True)
                    continue
                try:
                    powers = powers.told(event.topic, event.payload)
                    watts = powers.power(of)
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                nonsense.over()
                if watts is not None:
                    yield watts
