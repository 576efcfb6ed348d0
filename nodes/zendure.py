"""Steer a Zendure SolarFlow battery over its local HTTP interface."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated

from flowctl import Battery, Clock, Ge, Gt, Latest, Log, Release, Seconds, Terms, Watts
from nodes._helpers.hosts import Site
from nodes._helpers.http import http
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.zendure_session import Session

TERMS = Terms(release="zero", write_every=2.0)  # s; its reports show an older setpoint for as long


async def zendure(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[Site, "address of the battery, e.g. 192.168.1.80"],
    poll: Annotated[Seconds, Ge(0.1), "time between two reports; it needs time to answer"] = 2.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    settle: Annotated[Seconds, Gt(0), "how long its reports may show an older setpoint"] = 5.0,
    clock: Clock,
    log: Log,
    terms: Terms = TERMS,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out once per `poll`, and each command at once.

    Commands are whole watts, within its own limits, and are kept out of its flash. It follows in 3
    s, in 20 to 30 s from charging to discharging. In a report `setpoint` is told only where it
    holds another than it was told: with HEMS on in its app it takes its own after 10 s.

    Given back it stands at 0 W, whatever `release` says: nothing of its own is known that it could
    go back to. It has no time-out: if this program is killed it goes on as it was told last.

    Raises:
        OSError: it does not answer, refuses, or does not stop when given back.

    Source: `_helpers/zendure.py`; times: what Omnibattery records of a 2400 AC.
    """
    nonsense = Nonsense(log, host)
    async with http(host) as link:
        session = Session(link, patience, settle, clock)
        async with session.borrowing():
            async for command in setpoint.or_every(poll):
                if isinstance(command, Release):
                    yield await session.release()
                elif command is not None:
                    yield await session.steer(command)
                else:
                    try:
                        told = await session.look()
                    except ValueError as why:
                        nonsense.heard(why)
                        continue
                    nonsense.over()
                    yield replace(told, write_every=terms.write_every)
