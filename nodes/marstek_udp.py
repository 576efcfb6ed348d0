"""Steer a Marstek Venus battery over its local UDP API."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Annotated

from flowctl import (
    Battery,
    Ge,
    Gt,
    Latest,
    Le,
    Log,
    Release,
    Seconds,
    Terms,
    UsualPort,
    WattHours,
    Watts,
)
from nodes._helpers.hosts import MaybeHost
from nodes._helpers.marstek_api import PORT, SLOT
from nodes._helpers.marstek_loan import Loan, Mode
from nodes._helpers.marstek_session import Session, marstek

TERMS = Terms(write_every=2.0, resend=None)  # it gives itself back: refresh within the lease
BEATS = 4  # to a poll: so soon the first one comes


async def marstek_udp(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[
        MaybeHost,
        UsualPort(PORT),
        "address of the battery, e.g. 192.168.1.20 or 192.168.1.20:30000; empty: none",
    ],
    poll: Annotated[Seconds, Ge(0.1), "time between two readings; it needs time to answer"] = 4.0,
    mode: Annotated[
        Mode, "`manual` writes a schedule slot, for firmware that refuses passive mode"
    ] = "passive",
    slot: Annotated[
        int, Ge(0), Le(9), "the schedule slot that `mode: manual` and `release: zero` write"
    ] = SLOT,
    read_mode: Annotated[
        bool,
        "poll its mode too, and with `on_override: yield` before each command, which would put an "
        "end to one set in the app; firmware 148 falls back to Auto when asked",
    ] = False,
    capacity: Annotated[
        WattHours | None, Gt(0), "energy when full, if it tells a wrong one"
    ] = None,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 2.5,
    tries: Annotated[int, Ge(1), Le(10), "how often a command goes out until it is answered"] = 3,
    local_port: Annotated[
        int, Ge(0), Le(65535), "own UDP port; some firmware answers only to 30000, 0 is any"
    ] = 0,
    broadcast: Annotated[
        MaybeHost, "broadcast address of the network, for firmware that answers only to it"
    ] = "",
    terms: Terms = TERMS,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out once per `poll`, and at once after each command.

    In passive mode a power holds for the lease, in whole seconds: if flowctl or its machine dies,
    the battery follows its own meter again by itself. `mode: manual` has no such end. Given back,
    it is in Auto (`release: own`), or in Manual with 0 W all week in `slot` (`zero`). Its schedule
    cannot be read, and an entry in an earlier slot goes before ours: then it does what that says,
    and the log tells. `slot: 0` goes before all, in place of what stood there. A busy battery
    refuses commands now and then: those are repeated. The vendor advises 5s and more between two
    messages; polling faster than once a minute can cost older firmware its link to a CT003.
    Nothing is said while it does not answer; without a `host` it is not there.

    Raises:
        OSError: it does not answer, or keeps refusing commands.

    Source: Marstek Device Open API Rev 1.0: UDP port 30000 as set in the app, ES.SetMode
    `passive_cfg` (power + discharge, cd_time in s), `manual_cfg`, `auto_cfg`; ES.GetStatus
    `ongrid_power` + discharge, `bat_power` + charge, `bat_soc`. Scaling, busy answers and methods
    missing by firmware: jaapp and mattreim ha-marstek-local-api, taurgis/has-marstek-local-api.
    """
    beat, met = count(), False
    if not host:  # a place kept for a battery that may come
        yield Battery(online=False)
        async for _ in setpoint:
            pass
        return
    async with marstek(
        host,
        local_port=local_port,
        patience=patience,
        broadcast=broadcast,
        tries=tries,
        log=log,
    ) as session:
        loan = Loan(session, terms, mode, log, slot)
        try:
            async for command in setpoint.or_every(poll / BEATS):
                if isinstance(command, Release):  # first, for it may be all there is time for
                    yield await loan.release()
                    continue
                if not met:
                    met = True
                    yield _rated(await session.introduce(), session, capacity, terms)
                due = command is None and not next(beat) % BEATS
                told = await _told(loan, command, due=due, read_mode=read_mode)
                if told is not None:
                    yield told
        finally:
            await loan.end()


async def _told(loan: Loan, command: Watts | None, *, due: bool, read_mode: bool) -> Battery | None:
    """Command it, unless somebody else has it by now; or poll it when that is due."""
    if command is not None:
        taken = await loan.taken() if read_mode else None
        return await loan.hold(command) if taken is None else taken
    return await loan.polled(read_mode=read_mode) if due else None


def _rated(battery: Battery, session: Session, capacity: float | None, terms: Terms) -> Battery:
    known, rating = battery.capacity if capacity is None else capacity, session.device.rating
    return replace(
        battery,
        capacity=known,
        max_charge=rating,
        max_discharge=rating,
        write_every=terms.write_every,
    )
