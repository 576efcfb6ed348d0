"""Read powers from a Fronius inverter over its Solar API."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from typing import Annotated

from flowctl import Ge, Gt, Log, Seconds, Watts
from nodes._helpers.fronius import FLOW, Place, power
from nodes._helpers.hosts import Site
from nodes._helpers.http import http
from nodes._helpers.http_meter import readings
from nodes._helpers.nonsense import Nonsense

CURES = {
    403: "enable the Solar API in the web page of the inverter",
    404: "is this the address of a Fronius inverter, and its Solar API enabled?",
}


async def fronius(
    *,
    host: Annotated[Site, "address of the inverter, e.g. 192.168.1.60"],
    of: Annotated[Place, "which power: of the grid, the solar panels or the battery"] = "grid",
    every: Annotated[Seconds, Ge(0.1), "time between two readings; it needs time to answer"] = 2.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    log: Log,
) -> AsyncIterator[Watts]:
    """Power once per `every`: grid import +, solar +, battery discharging +, as Fronius has them.

    Panels that give nothing are told at night as 0 W. Nothing is said while the inverter does not
    answer, refuses, or does not know that power: there is no grid power without a Smart Meter.

    Raises:
        OSError: it does not answer or refuses.

    Source: Fronius Solar API v1: GetPowerFlowRealtimeData, `P_Grid` + import, `P_PV` null at night,
    `P_Akku` + discharging, in W.
    """
    async with http(host) as link:
        said = readings(
            link,
            FLOW,
            partial(power, of=of),
            every=every,
            patience=patience,
            nonsense=Nonsense(log, host),
            cures=CURES,
        )
        async with aclosing(said) as powers:
            async for watts in powers:
                yield watts
