"""Shelly meters that are asked over HTTP, whatever their generation."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Any

from flowctl import Seconds, Secret, Watts
from nodes._helpers.fields import read_json
from nodes._helpers.http import Http, http
from nodes._helpers.http_meter import readings
from nodes._helpers.login import Login, basic
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.shelly import STATUS, Ask, Clamp, Gen, first_ask, generation, rpc_ask

USER = "admin"  # of all later generations
CURES = {
    401: "it wants its password: give it as password",
    404: "is this the address of a Shelly energy meter, and `gen` right?",
}


async def asked(
    host: str,
    gen: Gen,
    clamp: Clamp,
    login: Login | None,
    *,
    every: Seconds,
    patience: Seconds,
    nonsense: Nonsense,
) -> AsyncGenerator[Watts, None]:
    """Yield the power once per `every`.

    Raises:
        OSError: it does not answer or refuses, or is not a meter with such a clamp.
    """
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(http(host))
        kind = gen if gen != "auto" else await _generation(link, patience)
        headers = basic(login) if kind == "1" and login else None
        if kind == "2" and login:
            link = await stack.enter_async_context(http(host, digest=(USER, login[1])))
        ask = await _ask(link, kind, clamp, patience, headers)
        pace: Any = {"every": every, "patience": patience, "nonsense": nonsense}
        said = readings(link, ask.path, ask.read, headers=headers, cures=CURES, **pace)
        async with aclosing(said) as powers:
            async for watts in powers:
                yield watts


async def _generation(link: Http, patience: Seconds) -> Gen:
    try:
        return generation(await _asked(link, "/shelly", patience))
    except ValueError as why:
        raise OSError(f"{link.shown}: {why}") from None


async def _ask(
    link: Http, kind: Gen, clamp: Clamp, patience: Seconds, headers: Mapping[str, Secret] | None
) -> Ask:
    """Choose what to ask by what it says that it has.

    Raises:
        OSError: it does not answer, or has no such meter.
    """
    path, choose = ("/status", first_ask) if kind == "1" else (STATUS, rpc_ask)
    status = await _asked(link, path, patience, headers)
    try:
        return choose(status, clamp)
    except ValueError as why:
        raise OSError(f"{link.shown}: {why}") from None


async def _asked(
    link: Http, path: str, patience: Seconds, headers: Mapping[str, Secret] | None = None
) -> Any:
    said = await link.get(path, patience=patience, headers=headers, cures=CURES)
    try:
        return read_json(said)
    except ValueError as why:
        raise OSError(f"{link.shown}{path} says {why}; is this the address of a Shelly?") from None
