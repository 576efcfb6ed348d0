"""Read the grid power from a Shelly energy meter of any generation: HTTP, WebSocket or MQTT."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Annotated

from flowctl import Ge, Gt, Log, Seconds, Secret, Together, Watts
from nodes._helpers.hosts import MaybeSite
from nodes._helpers.http import http
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Broker
from nodes._helpers.mqtt_topics import MaybeTopic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.shelly import Clamp, Gen
from nodes._helpers.shelly_ask import asked
from nodes._helpers.shelly_push import over_mqtt, over_socket


def somewhere(host: str, broker: str | None, topic: str, push: bool, gen: str) -> None:
    """Make sure that it is said where the meter is, once.

    Raises:
        ValueError: it is not, or twice, or in a way that it cannot be heard.
    """
    if bool(broker) == bool(host) or bool(broker) != bool(topic):
        raise ValueError("a Shelly is at a host, or at a broker with its topic; give one of both")
    if push and gen == "1":
        raise ValueError(
            "the first generation says nothing by itself except over a broker; leave out push"
        )


async def shelly(
    *,
    host: Annotated[
        MaybeSite, "address of the meter, e.g. 192.168.1.30; with `broker` not needed"
    ] = "",
    push: Annotated[bool, "hear each value when the meter has it; second generation on"] = False,
    gen: Annotated[Gen, "generation of the device: 1, or 2 for all later ones"] = "auto",
    clamp: Annotated[
        Clamp, "what measures the grid: `all` clamps, or `a`, `b`, `c`; auto: all of a 3-phase one"
    ] = "auto",
    every: Annotated[
        Seconds, Ge(0.1), "time between two readings, if asked; it needs time to answer"
    ] = 1.0,
    patience: Annotated[
        Seconds, Gt(0), "longest wait for one answer; with push or broker it is asked after that"
    ] = 5.0,
    user: Annotated[str, "login of the first generation, or at the broker"] = "admin",
    password: Annotated[Secret | None, "password, if it has one; with `broker`, there"] = None,
    broker: Annotated[
        Broker | None, "hear it at this MQTT broker, e.g. mqtt://192.168.1.10"
    ] = None,
    topic: Annotated[MaybeTopic, "its MQTT prefix, e.g. shellypro3em-aabbccddeeff"] = "",
    log: Log,
) -> Annotated[AsyncIterator[Watts], Together(somewhere)]:
    """Grid power once per `every`: positive imports, negative exports, as the meter has it.

    With `push` or a `broker` it comes whenever the meter tells; where that is nothing for
    `patience` it is asked. Nothing is said while it does not answer, answers without a finite
    power, or says that it does not measure. Of a meter with two clamps it must be told which one is
    at the grid; a clamp the wrong way round is turned in the meter's own settings. At a broker the
    first generation tells each clamp by itself: between two the sum is of old and new.

    Raises:
        OSError: it does not answer or refuses, or is not a meter with such a clamp.

    Source: shelly-api-docs.shelly.cloud: GET /shelly tells `gen`; Gen1 /status, basic login; later
    /rpc/EM.GetStatus and /rpc/EM1.GetStatus, digest login with user `admin`; WebSocket /rpc; MQTT.
    """
    nonsense = Nonsense(log, host or topic)
    async with AsyncExitStack() as stack:
        said: AsyncGenerator[Watts, None]
        if broker:
            own = user if password else ""
            way = mqtt(broker, user=own, password=password, log=log)
            hub = await stack.enter_async_context(way)
            said = over_mqtt(hub, topic, clamp, patience=patience, nonsense=nonsense)
        elif push:
            link = await stack.enter_async_context(http(host))
            said = over_socket(link, clamp, password, patience=patience, nonsense=nonsense)
        else:
            login = (user, password) if password else None
            said = asked(host, gen, clamp, login, every=every, patience=patience, nonsense=nonsense)
        async with aclosing(said) as powers:
            async for watts in powers:
                yield watts
