"""Read a HomeWizard P1 or kWh meter over its local HTTPS API, version 2."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated

from flowctl import Ge, Gt, Log, Seconds, Secret, Watts
from nodes._helpers.homewizard_push import pushed
from nodes._helpers.homewizard_v2 import CURES, MEASUREMENT, device, grid_power, headers
from nodes._helpers.hosts import Site
from nodes._helpers.http_meter import readings
from nodes._helpers.nonsense import Nonsense


async def homewizard_v2(
    *,
    host: Annotated[Site, "address of the meter, e.g. 192.168.1.20"],
    token: Annotated[Secret, "what `flowctl pair homewizard ADDRESS` gave"],
    push: Annotated[bool, "hear each value when the meter has it, in place of asking"] = False,
    every: Annotated[
        Seconds, Ge(0.5), "time between two readings, without `push`; the meter bears 500ms"
    ] = 1.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    silence: Annotated[Seconds, Gt(0), "with `push`, longest time without a value"] = 45.0,
    ca: Annotated[
        str, "who must have signed its certificate: homewizard, none to take any, or a file"
    ] = "homewizard",
    identity: Annotated[
        str, "name its certificate must bear, e.g. appliance/p1dongle/3c39e7aabbcc; any if empty"
    ] = "",
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per `every`: positive imports, negative exports, as the meter has it.

    With `push` it comes when the meter has it, each second from DSMR 5, over one connection that
    stays; the first value after a connect is left out, as it may be old. Nothing is said while it
    does not answer, or answers without a finite `power_w`. Its certificate bears a serial number
    and no address: `identity` is that name, as `flowctl discover` shows it.

    Raises:
        OSError: it does not answer or refuses the token, or its certificate is of nobody we trust.

    Source: api-documentation.homewizard.com, API v2: GET /api/measurement, `power_w` in W,
    + import; not faster than 500 ms; WebSocket /api/ws, topic `measurement`.
    """
    nonsense = Nonsense(log, host)
    async with device(host, ca, identity) as link:
        said: AsyncGenerator[Watts, None]
        if push:
            said = pushed(link, token, patience=patience, silence=silence, nonsense=nonsense)
        else:
            said = readings(
                link,
                MEASUREMENT,
                grid_power,
                every=every,
                patience=patience,
                nonsense=nonsense,
                headers=headers(token),
                cures=CURES,
            )
        async with aclosing(said) as powers:
            async for watts in powers:
                yield watts
