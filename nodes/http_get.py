"""Ask any HTTP address for a value, again and again."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Literal

from flowctl import Ge, Gt, Log, Seconds, Secret, UnitFrom, ticks
from nodes._helpers.fields import frozen, pick, read_json, read_number
from nodes._helpers.hosts import Page
from nodes._helpers.http import http, path_of
from nodes._helpers.login import Way, basic
from nodes._helpers.nonsense import Nonsense

CURES = {
    401: "it wants a login, or another one: give user and password, or a token in headers",
    403: "its interface may have to be enabled, or wants a token: give it in headers",
    404: "is the path after the host right?",
}
Format = Literal["number", "text", "json"]


async def http_get(
    *,
    url: Annotated[Page, "what to ask, e.g. http://192.168.1.30/rpc/EM.GetStatus?id=0"],
    every: Annotated[Seconds, Ge(0.1), "time between two questions; it needs time to answer"] = 5.0,
    field: Annotated[str, "where in a JSON answer the value is, e.g. `phases[0].power`"] = "",
    format: Annotated[Format, "what the value is; `json` gives objects as they are"] = "number",
    unit: Annotated[str | None, "unit of the number, e.g. W"] = None,
    headers: Annotated[Mapping[str, Secret] | None, "sent along, e.g. Authorization"] = None,
    user: Annotated[str, "login, where it wants one"] = "",
    password: Annotated[Secret | None, "password of that login"] = None,
    login: Annotated[
        Way, "how it wants that; Shelly since its second generation: digest"
    ] = "basic",
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    log: Log,
) -> Annotated[AsyncIterator[Any], UnitFrom("unit")]:
    """One value per `every`, as the address gives it: its sign and scale are not touched.

    Nothing is said while the host does not answer, or answers something that holds no such value.
    """
    address, path = url.reveal(), path_of(url.reveal())
    who = (user, password) if password else None
    told = {**(headers or {}), **(basic(who) if who and login == "basic" else {})}
    async with http(address, digest=who if login == "digest" else None) as link:
        nonsense = Nonsense(log, link.shown)
        async for _ in ticks(every):
            try:
                body = await link.get(path, patience=patience, headers=told, cures=CURES)
                value = _value(body, field, format)
            except ValueError as why:
                nonsense.heard(why)
                continue
            nonsense.over()
            yield value


def _value(body: str, field: str, format: Format) -> Any:
    if format == "text" and not field:
        return body.strip()
    plain = format == "number" and not field
    value = body.strip() if plain else pick(read_json(body), field)
    if format == "number":
        return read_number(value)
    if format == "json":
        return frozen(value)
    return value if isinstance(value, str) else json.dumps(value)
