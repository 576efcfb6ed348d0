"""Steer a battery as the Shelly meter that it polls over UDP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Latest,
    Le,
    Log,
    Release,
    Seconds,
    Terms,
    WattHours,
    Watts,
)
from nodes._helpers.b2500_bridge import Bridge, Topics
from nodes._helpers.b2500_steered import Steered
from nodes._helpers.hosts import Bare
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Broker, Ca, Password, User
from nodes._helpers.mqtt_topics import MaybeTopic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.polled_meter import Question, answering
from nodes._helpers.presence import Presence
from nodes._helpers.shelly_rpc import Model, name_of, understand
from nodes._helpers.udp import EVERYWHERE, Datagram, find_address, udp
from nodes._helpers.virtual_meter import VirtualMeter

TERMS = Terms(write_every=1.0)
ANY = 0  # port


async def shelly_emulator(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[Bare, "address of the battery that asks, e.g. 192.168.1.31"],
    port: Annotated[
        int, Ge(1), Le(65535), "2220: B2500 from firmware 226; 1010: older, and Venus; 2222, 2223"
    ] = 2220,
    model: Annotated[Model | None, "the Shelly to be; if not given, what fits the port"] = None,
    step: Annotated[
        Watts | None, Gt(0), "what the battery changes at a poll: a B2500 34W; null: all it sees"
    ] = 34.0,
    max_power: Annotated[Watts, Gt(0), "most it can give"] = 800.0,
    charge_power: Annotated[Watts, Ge(0), "most it can take; a B2500 nothing"] = 0.0,
    throttle: Annotated[Seconds, Ge(0), "polls that come sooner see nothing to change"] = 0.0,
    age: Annotated[Seconds, Ge(0), "how old its output is when its ESP tells it"] = 2.0,
    patience: Annotated[Seconds, Gt(0), "silence that counts as offline"] = 30.0,
    capacity: Annotated[WattHours | None, Gt(0), "energy when full"] = None,
    broker: Annotated[Broker | None, "where an ESP tells of it, if one does"] = None,
    power_topic: Annotated[MaybeTopic, "its output in W, e.g. b2500/1/power/power"] = "",
    battery_topic: Annotated[MaybeTopic, "its charge, e.g. b2500/1/battery/remaining_percent"] = "",
    pv_topic: Annotated[MaybeTopic, "power of its panels, e.g. b2500/1/pv/power"] = "",
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    listen: Annotated[Bare, "own address to listen on"] = EVERYWHERE,
    clock: Clock,
    terms: Terms = TERMS,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; out: that it polls, its telemetry if an ESP tells it, acceptances.

    Each poll of the battery is answered with what it is still to change, + import: wanted, less
    what it gives, less what it was shown since. Without `broker` and `power_topic` it is taken to
    do what it is shown. Batteries on one port are told apart by `host`, which may bear a port.
    Other talk on the port is not answered. Ports below 1024 need a privilege. It searches its meter
    by broadcast: flowctl must be in its network.

    Nobody is answered before the first command and after release: what a battery does whose meter
    is gone, its firmware knows. With `release: zero` it is shown export as long as flowctl runs.

    Raises:
        OSError: another program has the port, or it needs a privilege; the broker does not answer.

    Source: `_helpers/shelly_rpc.py`; ports by firmware: AstraMeter.
    """
    topics = Topics(battery_topic, power_topic, "", pv_topic) if broker else Topics()
    bridge = Bridge(topics, patience, Nonsense(log, host))
    meter = VirtualMeter(step, age, throttle=throttle, blind=not bridge.tells_power)
    seen = Presence(patience)
    unit = Steered(meter, (charge_power, max_power), terms, clock, bridge=bridge, presence=seen)
    (peer, peer_port), name = await find_address(host, ANY), name_of(model, port)

    def read(datagram: Datagram) -> Question | None:
        address, number = datagram.sender
        ours = address == peer and peer_port in (ANY, number)
        return understand(datagram.data, name) if ours else None

    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(udp(port, listen))
        messages = []
        if broker:
            way = mqtt(broker, user=user, password=password, ca=ca, log=log)
            messages = unit.messages(await stack.enter_async_context(way))
        yield replace(unit.first(), capacity=capacity)
        told = answering(setpoint, unit, link, read, *messages)
        async for battery in await stack.enter_async_context(aclosing(told)):
            yield battery
