"""Read a HomeWizard P1 or kWh meter over its local HTTPS API, version 2."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from flowctl import Ge, Gt, Log, Seconds, Secret, Watts
from nodes._helpers.fields import number, pick
from nodes._helpers.http import http
from nodes._helpers.http_meter import readings
from nodes._helpers.nonsense import Nonsense

MEASUREMENT = "/api/measurement"
CURES = {
    401: "the token is not known to it; make one with POST /api/user while its button was pressed",
    403: "the token may not read; make one with POST /api/user while its button was pressed",
    404: "is this the address of a HomeWizard meter with API v2?",
}


async def homewizard_v2(
    *,
    host: Annotated[str, "address of the meter, e.g. 192.168.1.20"],
    token: Annotated[Secret, "what POST /api/user gave when the button was pressed"],
    every: Annotated[Seconds, Ge(0.5), "time between two readings; the meter bears 500ms"] = 1.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    ca: Annotated[
        str, "file of HomeWizard's authority, to check the certificate; any is taken if empty"
    ] = "",
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per `every`: positive imports, negative exports, as the meter has it.

    Nothing is said while it does not answer, or answers without a finite `power_w`. Its certificate
    bears a serial number and no address: with `ca` only that HomeWizard signed it is checked.

    Raises:
        OSError: it does not answer or refuses the token, or its certificate is of nobody we trust.

    Source: api-documentation.homewizard.com, API v2: GET /api/measurement, `power_w` in W,
    + import; `Authorization: Bearer`, `X-Api-Version: 2`; not faster than 500 ms.
    """
    headers = {
        "Authorization": Secret(f"Bearer {token.reveal()}"),
        "X-Api-Version": Secret("2"),
    }
    async with http(host if "://" in host else f"https://{host}", ca=ca) as link:
        said = readings(
            link,
            MEASUREMENT,
            _power,
            every=every,
            patience=patience,
            nonsense=Nonsense(log, host),
            headers=headers,
            cures=CURES,
        )
        async with aclosing(said) as powers:
            async for watts in powers:
                yield watts


def _power(said: Any) -> Watts:
    return number(pick(said, "power_w"))
