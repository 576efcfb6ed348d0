"""Steer a resistive load behind a power variator on MQTT: a water heater on a solar surplus."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

from flowctl import (
    Battery,
    Ge,
    Gt,
    Latest,
    Log,
    Lt,
    Percent,
    Release,
    Seconds,
    Store,
    Terms,
    Together,
    Watts,
)
from nodes._helpers.load_line import Manner, steer
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_topics import MaybeTopic, Topic, check_topic
from nodes._helpers.variator import Variator, sized

TERMS = Terms(release="zero", deadband=5.0, resend=30.0)


async def variable_load(
    setpoint: Latest[Watts | Release],
    *,
    broker: Where,
    topic: Annotated[Topic, "where it takes its percent, e.g. regul/vload/ecs/cmd"],
    calibration: Annotated[
        Path | None, "file of lines `percent;watts`; without one power follows the percent"
    ] = None,
    max_power: Annotated[
        Watts | None, Gt(0), "power at 100 %; needed without a calibration file"
    ] = None,
    min_power: Annotated[Watts, Ge(0), "less than this is off"] = 101.0,
    min_percent: Annotated[Percent, Ge(0), Lt(100), "less conduction than this is off"] = 4.0,
    answers: Annotated[MaybeTopic, "topic on which it tells its percent as JSON, if it does"] = "",
    patience: Annotated[Seconds, Gt(0), "longest wait for an answer, if it answers"] = 5.0,
    boot: Annotated[MaybeTopic, "topic on which it says that it has started, if it does"] = "",
    retain: Annotated[bool, "let the broker keep the percent for a variator that starts"] = True,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    terms: Terms = TERMS,
    store: Store,
    log: Log,
) -> Annotated[AsyncIterator[Battery], Together(sized)]:
    """Watts in, negative when it draws, as for a battery that only charges; 0 is off.

    Published is the percent of conduction, 0 to 100 as text, by the calibration file. It is off at
    the start, and off is what it is given back to: at the end of the lease, of the flow, or of the
    program. One record for each command taken, with the power that this percent makes, and one for
    each answer of the load. After an outage of the broker, and after a start of the variator, it is
    told again. A load that has answered before and no longer does is away.

    Example:
        - from: plan.left
        - variable_load: {broker: mqtt://192.168.1.10, topic: regul/vload/ecs/cmd, max_power: 2kW}

    Raises:
        OSError: the broker or the load does not answer, or the calibration file holds no curve.

    Source: Coturex Wifi_Mqtt_SolarBalancer, regul/vload: percent as text on `/cmd`, retained; state
    as JSON with `percent` beside it, boot message on the topic above.
    """
    check_topic(topic)
    variator = Variator.of(calibration, max_power, min_power, min_percent)
    manner = Manner(
        topic=topic,
        payload=variator.payload,
        draws=variator.draws,
        rating=Battery(max_charge=variator.curve.most, min_power=min_power),
        retain=retain,
        answers=answers,
        read=variator.read,
        patience=patience,
        boot=boot,
    )
    async with (
        mqtt(broker, user=user, password=password, ca=ca, log=log) as link,
        aclosing(steer(setpoint, link, manner, store, log)) as told,
    ):
        async for record in told:
            yield record
