"""Steer a battery that Home Assistant has as entities: numbers for power, a select for the mode."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

from flowctl import Battery, Ge, Gt, Latest, Log, Release, Seconds, Secret, Store, Terms, Watts
from nodes._helpers.ha_link import home_assistant
from nodes._helpers.ha_loan import Loan
from nodes._helpers.ha_unit import names
from nodes._helpers.hosts import Site

TERMS = Terms(release="zero", write_every=2.0)  # s; a call goes through two more controllers


async def ha_battery(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[Site, "address of Home Assistant, e.g. homeassistant.local:8123"],
    token: Annotated[Secret, "a long-lived access token: your profile there, Security"],
    prefix: Annotated[str, "what the ids of its entities begin with, e.g. marstek_1"] = "",
    entities: Annotated[
        Mapping[str, str] | None,
        "ids that do not follow the prefix, by role: soc, remaining, capacity, power, state, "
        "control, mode, charge, discharge; empty where there is none",
    ] = None,
    positive: Annotated[
        Literal["discharge", "charge"], "what a positive state of the power entity means"
    ] = "discharge",
    poll: Annotated[Seconds, Ge(0.1), "time between two records; the flow must keep up"] = 1.0,
    settle: Annotated[Seconds, Gt(0), "how long its entities may lag behind a command"] = 5.0,
    terms: Terms = TERMS,
    store: Store,
    log: Log,
) -> AsyncIterator[Battery]:
    """Watts in, + discharging; telemetry out once per `poll`, and at once after each command.

    The power is set first, then the mode; each only where the entity says something else, and both
    when a setpoint is repeated. Less than 10 W is a stop. The battery is offline while its inverter
    state is unknown or Fault, or its control mode is not `enable`; back again, it is told what it
    missed. Release is a stop, read back; nothing else is known here of its own logic. A battery
    that cannot be reached at that moment is stopped when it is back. Units are those of the
    entities (W, kW, Wh, kWh). Changes come by WebSocket; where none gets through, by asking.

    With the prefix `p` the entities are `sensor.p_battery_state_of_charge`,
    `sensor.p_battery_remaining_capacity`, `sensor.p_battery_total_energy`, `sensor.p_ac_power`,
    `sensor.p_inverter_state`, `select.p_rs485_control_mode`, `select.p_forcible_charge_discharge`
    (stop, charge, discharge), `number.p_forcible_charge_power` and
    `number.p_forcible_discharge_power`, whose `max` limits what it is asked for.

    Raises:
        OSError: Home Assistant does not answer, refuses the token or a service, or the battery
            does not stop.

    Source: the entities of the ESPHome package for Marstek batteries that the AppDaemon Battery
    Management System reads and writes; developers.home-assistant.io for both interfaces.
    """
    known, sign = names(prefix, entities or {}), 1 if positive == "discharge" else -1
    async with home_assistant(host, token) as link:
        await link.follow(known.values())
        loan = Loan(link, known, sign=sign, settle=settle, terms=terms, store=store, log=log)
        async with loan.borrowing():
            yield replace(await loan.look(0.0), write_every=terms.write_every)
            async for command in setpoint.or_every(poll):
                if isinstance(command, Release):  # first, for it may be all there is time for
                    yield await loan.release()
                    continue
                if command is None:
                    yield await loan.look(poll)
                else:
                    loan.want(command)
                if told := await loan.tell():
                    yield told
