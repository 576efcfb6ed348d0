"""Steer a B2500 over its own MQTT messages, by a timer that writes no flash."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated

from flowctl import (
    Battery,
    Clock,
    Ge,
    Gt,
    Latest,
    Log,
    Release,
    Seconds,
    Store,
    Terms,
    WattHours,
    Watts,
)
from nodes._helpers.either import at_once, either
from nodes._helpers.hame_loan import Loan
from nodes._helpers.hame_session import Session, ways
from nodes._helpers.hosts import Mac
from nodes._helpers.mqtt import mqtt
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.nonsense import Nonsense

TERMS = Terms(write_every=5.0, lease=60.0)  # effect after 5 to 30 s (controllers use 15 s loops)


async def b2500_mqtt(
    setpoint: Latest[Watts | Release],
    *,
    broker: Where,
    mac: Annotated[Mac, "Bluetooth MAC of the storage, as its app shows it: 12 digits"],
    type: Annotated[
        str, "its type, as its app shows it: HMA-1, HMJ-2, HMK-1, HMB-1, ..."
    ] = "HMA-1",
    id: Annotated[str, "the name it uses since firmware 226, if not made of the MAC"] = "",
    poll: Annotated[Seconds, Ge(0.1), "time between two readings; it needs time to answer"] = 10.0,
    min_power: Annotated[Watts, Ge(0), "least that a timer gives: 80W, 40W by firmware"] = 80.0,
    max_power: Annotated[Watts, Gt(0), "most it can give"] = 800.0,
    expires: Annotated[
        Seconds | None, Ge(60), "the timer ends so long after a command, by its clock: set it right"
    ] = None,
    patience: Annotated[Seconds, Gt(0), "longest wait for its word that it was given back"] = 3.0,
    capacity: Annotated[WattHours | None, Gt(0), "energy when full"] = None,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    clock: Clock,
    store: Store,
    terms: Terms = TERMS,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out at each answer to a `poll`, and each command at once.

    A power is told as timer 1 for all day, the others off; only volatile commands are sent, so that
    no flash wears. What it went by before, meter or timers, is remembered over restarts and told
    again when it is given back (`release: own`), and it is looked whether it took that; with `zero`
    all timers stay off. Less than half of `min_power` switches it off. A timer runs by the clock of
    the storage: while that is wrong it gives nothing. `expires` lets it end by itself even if
    flowctl's machine loses power.

    The broker is that of the storage: its own local one as set by the app or by Bluetooth, or one
    that is fed by a relay.

    Raises:
        OSError: it has not answered 3 polls; the broker does not answer or refuses the login.

    Source: `_helpers/hame_b2500.py`; topics and names: tomquist/hame-relay and hm2mqtt.
    """
    topics = ways(type, mac, id)
    async with mqtt(broker, user=user, password=password, ca=ca) as link:
        session = Session(link, topics, Nonsense(log, mac))
        loan = Loan(
            session, terms, store, clock, log,
            most=max_power, floor=min_power, expires=expires, patience=patience,
        )  # fmt: skip
        yield replace(loan.first(), capacity=capacity)
        events = either(setpoint.or_every(poll), *session.messages(), at_once())
        try:
            async with aclosing(events):
                async for event in events:
                    for told in await _dealt(event, session, loan):
                        yield told
        finally:
            await loan.end()


async def _dealt(
    event: Message | Watts | Release | None, session: Session, loan: Loan
) -> list[Battery]:
    """Deal with an answer, a command, or the beat; return what there is to tell."""
    if isinstance(event, Message):
        status = session.take(event)
        return loan.hear(status) if status else []
    if isinstance(event, Release) or (event is None and loan.overdue):
        return [await loan.release()]
    if event is None:
        loan.look()
        return []
    told = loan.hold(event)
    return [told] if told else []
