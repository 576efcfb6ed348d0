"""Switch a load by a relay on MQTT: Sonoff, Tasmota, Shelly, or a switch of Domoticz."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Battery, Gt, Latest, Log, Release, Seconds, Store, Terms, Watts
from nodes._helpers.load_line import ON, Manner, steer
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_topics import MaybeTopic, Topic, check_topic

TERMS = Terms(release="zero", deadband=0.0, resend=60.0)


async def switched_load(
    setpoint: Latest[Watts | Release],
    *,
    broker: Where,
    topic: Annotated[Topic, "where it takes commands, e.g. cmnd/radiator/POWER or domoticz/in"],
    power: Annotated[
        Watts | None, Gt(0), "what it draws when on; if not given, what it is asked to draw"
    ] = None,
    on: Annotated[str, "what switches it on, word for word"] = "ON",
    off: Annotated[str, "what switches it off, word for word"] = "OFF",
    answers: Annotated[
        MaybeTopic, "topic on which it tells its state in the same words, if it does"
    ] = "",
    patience: Annotated[Seconds, Gt(0), "longest wait for an answer, if it answers"] = 5.0,
    boot: Annotated[MaybeTopic, "topic on which it says that it has started, if it does"] = "",
    retain: Annotated[bool, "let the broker keep the command for a relay that starts"] = True,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    terms: Terms = TERMS,
    store: Store,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, negative when it draws, as for a battery that only charges; any such power is on.

    It is off at the start, and off is what it is given back to: at the end of the lease, of the
    flow, or of the program. One record for each command taken and one for each answer. Without
    `power` the load is of unknown power: what it is asked to draw is taken for what it draws. After
    an outage of the broker, and after a start of the relay, it is told again. A load that has
    answered before and no longer does is away.

    Raises:
        OSError: the broker or the load does not answer.

    Source: Coturex Wifi_Mqtt_SolarBalancer, [equipments] of type constant: json_on, json_off,
    retained; Tasmota docs, MQTT: cmnd/<topic>/POWER ON or OFF, stat/<topic>/POWER.
    """
    check_topic(topic)

    def draws(watts: Watts) -> Watts:
        return (power or watts) if watts > 0 else 0.0

    manner = Manner(
        topic=topic,
        payload=lambda watts: (on if watts > 0 else off).encode(),
        draws=draws,
        rating=Battery(max_charge=power, min_power=power),
        retain=retain,
        answers=answers,
        read=lambda payload: (power or ON) if _is_on(payload, on, off) else 0.0,
        patience=patience,
        boot=boot,
    )
    async with (
        mqtt(broker, user=user, password=password, ca=ca, log=log) as link,
        aclosing(steer(setpoint, link, manner, store, log)) as told,
    ):
        async for record in told:
            yield record


def _is_on(payload: bytes, on: str, off: str) -> bool:
    word = payload.decode().strip()
    if word not in (on, off):
        raise ValueError(f"neither {on[:40]!r} nor {off[:40]!r}: {word[:80]!r}")
    return word == on
