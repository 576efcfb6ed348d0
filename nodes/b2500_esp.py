"""Steer a B2500 through its b2500-meter: it follows the grid meter that this shows it."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Latest,
    Le,
    Log,
    Percent,
    Release,
    Seconds,
    Terms,
    WattHours,
    Watts,
)
from nodes._helpers.b2500_bridge import Bridge, Topics
from nodes._helpers.b2500_steered import Steered
from nodes._helpers.either import either
from nodes._helpers.mqtt import Link, mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_topics import MaybeTopic, Topic, check_topic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.virtual_meter import VirtualMeter

TERMS = Terms(release="zero", write_every=1.0)


async def b2500_esp(
    setpoint: Latest[Watts | Release],
    *,
    broker: Where,
    topic: Annotated[Topic, "where its b2500-meter listens, e.g. sma/net_power/1"],
    power_topic: Annotated[Topic, "its output in W, e.g. b2500/1/power/power"],
    battery_topic: Annotated[MaybeTopic, "its charge, e.g. b2500/1/battery/remaining_percent"] = "",
    connected_topic: Annotated[
        str, "ON while it reads its meter, e.g. b2500/1/smartmeter/connected"
    ] = "",
    pv_topic: Annotated[MaybeTopic, "power of its panels, e.g. b2500/1/pv/power"] = "",
    max_power: Annotated[Watts, Gt(0), "most it can give"] = 800.0,
    step: Annotated[Watts, Gt(0), "what it changes at a poll; 17W with one output"] = 34.0,
    poll: Annotated[Seconds, Gt(0), "time between two of its polls, at the quickest"] = 1.0,
    age: Annotated[Seconds, Ge(0), "how old its output is when its ESP tells it"] = 2.0,
    patience: Annotated[Seconds, Gt(0), "silence of its ESP that counts as offline"] = 30.0,
    capacity: Annotated[WattHours | None, Gt(0), "energy when full"] = None,
    default_soc: Annotated[
        Percent | None, Ge(0), Le(100), "its charge until the first message"
    ] = None,
    default_power: Annotated[Watts | None, Ge(0), "its output until the first message"] = None,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    clock: Clock,
    terms: Terms = TERMS,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out at each message of its ESP, and at each command.

    What goes out on `topic` is whole watts, + import, retained: the grid reading that the storage
    is to see, which is what it is still to change. It adds that to its output at each poll, so it
    is shown no longer than it takes, and then 0. How often it polls is learned from what it does;
    the setpoint told goes no faster than that. Only 0 is shown before its output is known, or when
    that is older than `patience`. A retained message cannot say what it gives now: it is not heard.

    Given back with `release: zero` it reads that all of `max_power` is exported, and stops; with
    `own` it reads 0 and stays as it is. The broker says the same if flowctl's machine loses power.

    Raises:
        OSError: the broker does not answer or refuses the login or a topic.

    Source: tomquist/b2500-meter, MQTT input; tomquist/esphome-b2500, topics; steps of 17 W per
    output and poll: AstraMeter's record of the firmware.
    """
    check_topic(topic)
    topics = Topics(battery_topic, power_topic, connected_topic, pv_topic)
    bridge = Bridge(topics, patience, Nonsense(log, power_topic))
    unit = Steered(VirtualMeter(step=step, age=age), (0.0, max_power), terms, clock, bridge=bridge)
    login = partial(mqtt, broker, user=user, password=password, ca=ca)
    will = topic, b"%d" % round(unit.farewell or 0.0)
    async with login() as link, AsyncExitStack() as stack:
        speaker = Speaker(stack, partial(login, will=will), topic)
        try:
            if (default_soc, default_power) != (None, None):
                log.debug("until its first message: %s%%, %s W", default_soc, default_power)
            first = replace(unit.first(), capacity=capacity)
            yield replace(first, soc=default_soc, setpoint=default_power)
            async with aclosing(either(setpoint.or_every(poll), *unit.messages(link))) as events:
                async for event in events:
                    told = unit.take(event)
                    if event is None:
                        await speaker.say(unit.shown())
                    elif isinstance(event, Release):
                        await speaker.say(unit.farewell or 0.0)
                    for record in filter(None, (told, unit.accepted())):
                        yield record
        finally:
            if unit.borrowed:
                await speaker.say(unit.farewell or 0.0)
            speaker.forget()


class Speaker:
    """Says what the storage is to see, whole watts, when it is another.

    Its connection bears the last will, so it is opened with the first word: who only reads leaves
    nothing behind.
    """

    def __init__(
        self,
        stack: AsyncExitStack,
        login: Callable[[], AbstractAsyncContextManager[Link]],
        topic: str,
    ) -> None:
        self._stack, self._login, self._topic = stack, login, topic
        self._link: Link | None = None
        self._said = math.nan

    async def say(self, watts: Watts | None) -> None:
        """Say a reading; nothing of nobody's."""
        if watts is None or round(watts) == self._said:
            return
        if self._link is None:
            self._link = await self._stack.enter_async_context(self._login())
        self._said = round(watts)
        self._link.say(self._topic, b"%d" % self._said, qos=1, retain=True)

    def forget(self) -> None:
        """Say nothing again when the broker returns."""
        if self._link:
            self._link.forget(self._topic)
