"""Read the grid meter of a HomeWizard P1 dongle over its local HTTP API."""

from collections.abc import AsyncIterator
from typing import Annotated

from flowctl import Ge, Gt, Log, Seconds, Watts, ticks
from nodes._helpers.fields import number, pick, read_json
from nodes._helpers.homewizard import AUTO, ENABLE, only_p1
from nodes._helpers.hosts import MaybeBare, MaybeSite
from nodes._helpers.http import http
from nodes._helpers.nonsense import Nonsense, excerpt

DATA = "/api/v1/data"
NOBODY = ("", "none")
CURES = {
    403: ENABLE,
    404: "is this the address of a HomeWizard P1 meter?",
}


async def homewizard_p1(
    *,
    host: Annotated[
        MaybeSite,
        "address of the dongle, e.g. 192.168.1.20; auto: the only one in the network; none: none",
    ],
    every: Annotated[Seconds, Ge(0.5), "time between two readings; the dongle bears 500ms"] = 1.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    interface: Annotated[
        MaybeBare, "with `auto`, own address of the network to search; all if empty"
    ] = "",
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per `every`: positive imports, negative exports, as the meter has it.

    A DSMR 5 meter has a new value each second, older ones every ten. Nothing is said while the
    dongle does not answer or answers without a finite `active_power_w`. With `host: auto` it is
    searched by mDNS whenever it is away.

    Raises:
        OSError: it does not answer or refuses; with `auto`, there is none, or more than one.

    Source: api-documentation.homewizard.com, API v1: GET /api/v1/data, `active_power_w` in W,
    + import; not faster than 500 ms; HTTP 403 (error 202) while the app has the API disabled.
    """
    if host in NOBODY:  # a place kept for a meter that may come
        return
    if host == AUTO:
        host = await only_p1(interface=interface)
        log.info("found the meter at %s", host)
    nonsense = Nonsense(log, host)
    async with http(host) as link:
        async for _ in ticks(every):
            said = ""
            try:
                said = await link.get(DATA, patience=patience, cures=CURES)
                watts = number(pick(read_json(said), "active_power_w"))
            except ValueError as why:
                nonsense.heard(f"{why}; it said {excerpt(said)}")
                continue
            nonsense.over()
            yield watts
