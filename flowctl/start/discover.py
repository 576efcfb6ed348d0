"""Look for devices in the network: every installed finder at once.

A finder is an async function of the entry-point group `flowctl.finders`: it gets a `Search` and
returns what it found. What cannot be searched is an `OSError` whose message says why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol

from flowctl.faults import FlowError, nearest, plainly

GROUP = "flowctl.finders"
EVERYBODY = "255.255.255.255"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How to search."""

    wait: float = 3.0
    """Seconds for answers."""
    interface: str = ""
    """Own address of the network to search; all, if empty."""
    broadcast: str = EVERYBODY
    brokers: tuple[str, ...] = ()
    """MQTT brokers to listen to."""


class Found(Protocol):
    """Something that answered."""

    @property
    def what(self) -> str:
        """What people call it."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def step(self) -> str:
        """A step that speaks to it, as it stands in a flow; empty where there is none."""

    @property
    def about(self) -> str:
        """What else there is to know."""


Finder = Callable[[Search], Awaitable[Sequence[Found]]]


def finders(names: Iterable[str] = ()) -> dict[str, Finder]:
    """Return the finders of some names; all, if none is named.

    Raises:
        FlowError: there is not one of that name.
    """
    known: Mapping[str, Any] = {entry.name: entry for entry in entry_points(group=GROUP)}
    wanted = list(names) or sorted(known)
    for name in wanted:
        if name not in known:
            cure = nearest(name, known) or f"known: {', '.join(sorted(known))}"
            raise FlowError(f"nobody looks for '{name}'; {cure}")
    return {name: known[name].load() for name in wanted}


async def look(search: Search, finders: Mapping[str, Finder]) -> tuple[list[Found], dict[str, str]]:
    """Let all finders search; return what they found, and by name why some could not."""
    answers = await asyncio.gather(*(_ask(find, search) for find in finders.values()))
    found = [one for answer in answers if not isinstance(answer, str) for one in answer]
    troubles = {
        name: answer
        for name, answer in zip(finders, answers, strict=True)
        if isinstance(answer, str)
    }
    return found, troubles


async def _ask(find: Finder, search: Search) -> Sequence[Found] | str:
    try:
        return await find(search)
    except OSError as error:
        return plainly(error)
    except ValueError as error:  # what was typed cannot be searched
        raise FlowError(str(error)) from None
