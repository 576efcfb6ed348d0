"""The common part of all meters that are asked over HTTP: the beat, and what makes no sense."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from flowctl import Seconds, Secret, Watts, ticks
from nodes._helpers.fields import read_json
from nodes._helpers.http import Http
from nodes._helpers.nonsense import Nonsense, excerpt


async def readings(
    link: Http,
    path: str,
    read: Callable[[Any], Watts],
    *,
    every: Seconds,
    patience: Seconds,
    nonsense: Nonsense,
    headers: Mapping[str, Secret] | None = None,
    cures: Mapping[int, str] | None = None,
) -> AsyncGenerator[Watts, None]:
    """Yield what `read` finds in the JSON of each answer; its `ValueError` passes one over.

    Raises:
        OSError: it does not answer or refuses.
    """
    async for _ in ticks(every):
        said = ""
        try:
            said = await link.get(path, patience=patience, headers=headers, cures=cures)
            watts = read(read_json(said))
        except ValueError as why:
            nonsense.heard(f"{why}; it said {excerpt(said)}")
            continue
        nonsense.over()
        yield watts
