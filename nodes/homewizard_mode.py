"""Tell HomeWizard plug-in batteries what they may do."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from flowctl import Gt, Latest, Log, Seconds, Secret
from nodes._helpers.fields import read_json
from nodes._helpers.homewizard_v2 import BATTERIES, CURES, Word, device, headers, order
from nodes._helpers.hosts import Site
from nodes._helpers.http import Http
from nodes._helpers.nonsense import Nonsense


async def homewizard_mode(
    words: Latest[str],
    *,
    host: Annotated[Site, "address of the P1 or kWh meter that steers the batteries"],
    token: Annotated[Secret, "what `flowctl pair homewizard ADDRESS` gave"],
    at_end: Annotated[Word | None, "what they are told when this ends; null: nothing"] = "zero",
    patience: Annotated[Seconds, Gt(0), "longest wait for one answer"] = 5.0,
    ca: Annotated[
        str, "who must have signed its certificate: homewizard, none to take any, or a file"
    ] = "homewizard",
    identity: Annotated[
        str, "name its certificate must bear, e.g. appliance/p1dongle/3c39e7aabbcc; any if empty"
    ] = "",
    log: Log,
) -> None:
    """One word in, told once it changes: `zero`, `standby`, `to_full`, `predictive`, ...

    `zero` has the batteries hold the meter at zero; `charge_only` and `discharge_only` are that in
    one direction; `standby` is neither; `to_full` charges them, then is `zero`; `predictive` is the
    plan of HomeWizard's cloud. They take no watts. A word that they do not know is told once and
    changes nothing.

    Raises:
        OSError: it does not answer, or refuses the token or the mode.

    Source: api-documentation.homewizard.com, API v2: PUT /api/batteries, `mode`, `permissions`.
    """
    nonsense = Nonsense(log, host)
    async with device(host, ca, identity) as link:
        group = _Group(link, headers(token), patience)
        async with group.leaving(at_end):
            async for word in words:
                try:
                    await group.tell(word)
                except ValueError as why:
                    nonsense.heard(why)
                    continue
                nonsense.over()


class _Group:
    """The batteries behind a meter, and what they were told last."""

    def __init__(self, link: Http, headers: Mapping[str, Secret], patience: Seconds) -> None:
        self._link = link
        self._how: Any = {"headers": headers, "patience": patience, "cures": CURES}
        self._told: str | None = None
        self._permits: bool | None = None

    async def tell(self, word: Any) -> None:
        """Say a word, unless it was the last one.

        Raises:
            OSError: the meter does not answer or refuses.
            ValueError: there is no such word.
        """
        if word == self._told:
            return
        if self._permits is None:
            known = read_json(await self._link.get(BATTERIES, **self._how))
            self._permits = isinstance(known, Mapping) and "permissions" in known
        said = order(str(word), self._permits)
        await self._link.post(BATTERIES, said, method="PUT", **self._how)
        self._told = str(word)

    @asynccontextmanager
    async def leaving(self, word: Word | None) -> AsyncIterator[None]:
        """Say a last word at the end, if any was said before."""
        try:
            yield
        finally:
            if self._told is not None and word:
                await self.tell(word)
