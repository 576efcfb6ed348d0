"""Hear what HomeWizard plug-in batteries do."""

from collections.abc import AsyncIterator
from typing import Annotated

from flowctl import Battery, Ge, Gt, Log, Seconds, Secret, ticks
from nodes._helpers.fields import pick, read_json
from nodes._helpers.homewizard_v2 import (
    BATTERIES,
    CURES,
    DEVICE,
    MEASUREMENT,
    PLUG_IN,
    device,
    group,
    headers,
    plug_in,
)
from nodes._helpers.hosts import Site
from nodes._helpers.nonsense import Nonsense, excerpt


async def homewizard_battery(
    *,
    host: Annotated[Site, "address of a battery, or of the meter that steers them all"],
    token: Annotated[Secret, "what `flowctl pair homewizard ADDRESS` gave"],
    every: Annotated[Seconds, Ge(0.5), "time between two readings; it bears 500ms"] = 2.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    ca: Annotated[
        str, "who must have signed its certificate: homewizard, none to take any, or a file"
    ] = "homewizard",
    identity: Annotated[
        str, "name its certificate must bear, e.g. appliance/battery/5c2fafaabbcc; any if empty"
    ] = "",
    log: Log,
) -> AsyncIterator[Battery]:
    """Telemetry once per `every`: power + discharging.

    A battery tells its charge and what went through it; the meter tells the power of all of them
    together, their limits and their `mode` (`homewizard_mode` sets it). They steer themselves by
    that meter, and have no setpoint: they are seen, not commanded. Nothing is said while it does
    not answer, or answers without a finite power.

    Raises:
        OSError: it does not answer or refuses the token, or its certificate is of nobody we trust.

    Source: api-documentation.homewizard.com, API v2: /api/measurement of HWE-BAT and /api/batteries
    of a meter, `power_w` in W, + charging; `state_of_charge_pct`, kWh, `max_consumption_w`.
    """
    nonsense, asked = Nonsense(log, host), headers(token)
    async with device(host, ca, identity) as link:
        path, read = "", group
        async for _ in ticks(every):
            said = ""
            try:
                if not path:
                    said = await link.get(DEVICE, patience=patience, headers=asked, cures=CURES)
                    single = pick(read_json(said), "product_type") == PLUG_IN
                    path, read = (MEASUREMENT, plug_in) if single else (BATTERIES, group)
                said = await link.get(path, patience=patience, headers=asked, cures=CURES)
                told = read(read_json(said))
            except ValueError as why:
                nonsense.heard(f"{why}; it said {excerpt(said)}")
                continue
            nonsense.over()
            yield told
