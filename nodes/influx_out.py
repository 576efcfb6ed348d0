"""Write a stream into InfluxDB."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from flowctl import Gt, Latest, Log, Seconds, Secret
from nodes._helpers.hosts import Site
from nodes._helpers.http import http, path_of
from nodes._helpers.influx import line
from nodes._helpers.nonsense import Nonsense

CURES = {
    400: "a field may have had another type before; take another name for the measurement",
    401: "give a token that may write here",
    404: "are bucket and org in the address right?",
    429: "it takes no more now: put `- sample: 10s` before it",
}
NO_TAGS: Mapping[str, str] = MappingProxyType({})


async def influx_out(
    values: Latest[Any],
    *,
    url: Annotated[
        Site,
        "where to write, e.g. http://192.168.1.10:8086/api/v2/write?org=home&bucket=house; "
        "version 1: /write?db=house; version 3: /api/v3/write_lp?db=house",
    ],
    measurement: Annotated[str, "name of the measurement, e.g. battery"],
    tags: Annotated[Mapping[str, str], "e.g. `{battery: left}`"] = NO_TAGS,
    fields: Annotated[Sequence[str], "of a record, those that are written; all if not given"] = (),
    token: Annotated[Secret | None, "what lets us write"] = None,
    scheme: Annotated[Literal["Token", "Bearer"], "Bearer for version 3"] = "Token",
    patience: Annotated[Seconds, Gt(0), "longest wait for an answer"] = 10.0,
    log: Log,
) -> None:
    """Write one line per value: a number or text as `value`, a record by its fields.

    Units and signs are those of flowctl: W, and + into the house; the time is that of the server.
    What comes while a line is on its way waits, only the newest: for a rare beat put `sample`
    before it. What it cannot take is told once.

    Raises:
        OSError: it does not answer or refuses.

    Source: docs.influxdata.com: write API of versions 1, 2 and 3, line protocol.
    """
    nonsense, path = Nonsense(log, measurement), path_of(url)
    headers = {"Authorization": Secret(f"{scheme} {token.reveal()}")} if token else {}
    async with http(url) as link:
        async for value in values:
            try:
                said = line(measurement, tags, value, fields)
            except ValueError as why:
                nonsense.heard(why)
                continue
            if said is not None:
                await link.send(path, said, headers=headers, patience=patience, cures=CURES)
