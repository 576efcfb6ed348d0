"""Read the grid power from a Shelly energy meter of any generation over its local HTTP API."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from typing import Annotated, Any

from flowctl import Gt, Log, Seconds, Secret, Watts
from nodes._helpers.fields import read_json
from nodes._helpers.http import Http, http
from nodes._helpers.http_meter import readings
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.shelly import STATUS, Ask, Clamp, Gen, first_ask, generation, rpc_ask

CURES = {
    401: "it wants its password: give it as password",
    404: "is this the address of a Shelly energy meter, and `gen` right?",
}


async def shelly(
    *,
    host: Annotated[str, "address of the meter, e.g. 192.168.1.30"],
    gen: Annotated[Gen, "generation of the device: 1, or 2 for all later ones"] = "auto",
    clamp: Annotated[
        Clamp, "what measures the grid: `all` clamps, or `a`, `b`, `c`; auto: all of a 3-phase one"
    ] = "auto",
    every: Annotated[Seconds, Gt(0), "time between two readings"] = 1.0,
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    user: Annotated[str, "login of the first generation"] = "admin",
    password: Annotated[Secret | None, "password, if it has one"] = None,
    log: Log,
) -> AsyncIterator[Watts]:
    """Grid power once per `every`: positive imports, negative exports, as the meter has it.

    Nothing is said while it does not answer, answers without a finite power, or says that it does
    not measure. Of a meter with two clamps it must be told which one is at the grid; a clamp the
    wrong way round is turned in the meter's own settings.

    Raises:
        OSError: it does not answer or refuses, or is no meter with such a clamp.

    Source: shelly-api-docs.shelly.cloud: GET /shelly tells `gen`; Gen1 /status, basic login; later
    /rpc/EM.GetStatus and /rpc/EM1.GetStatus, digest login with user `admin`.
    """
    nonsense = Nonsense(log, host)
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(http(host))
        kind = gen if gen != "auto" else await _generation(link, patience)
        headers = {"Authorization": _basic(user, password)} if password and kind == "1" else None
        if password and kind == "2":
            link = await stack.enter_async_context(http(host, digest=("admin", password)))
        ask = await _ask(link, kind, clamp, patience, headers)
        said = readings(
            link,
            ask.path,
            ask.read,
            every=every,
            patience=patience,
            nonsense=nonsense,
            headers=headers,
            cures=CURES,
        )
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


def _basic(user: str, password: Secret) -> Secret:
    return Secret("Basic " + b64encode(f"{user}:{password.reveal()}".encode()).decode())
