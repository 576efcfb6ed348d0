"""Ask a device for its token, with a person at its button.

A pairer is an async generator function of the entry-point group `flowctl.pairers`: it gets an
address, yields texts that say what to do, and last how to speak to the device.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from importlib.metadata import entry_points
from typing import Any, Protocol

from flowctl.faults import FlowError, nearest
from flowctl.secret import Secret

GROUP = "flowctl.pairers"


class Paired(Protocol):
    """A device that let us in."""

    @property
    def what(self) -> str:
        """What people call it."""

    @property
    def token(self) -> Secret:
        """What it gave."""

    @property
    def variable(self) -> str:
        """A name for the token in an environment."""

    @property
    def step(self) -> str:
        """A step that speaks to it; `VARIABLE` stands for the token."""


Pairer = Callable[[str], AsyncGenerator[str | Paired, None]]


def pairer(name: str) -> Pairer:
    """Return the pairer of a kind of device.

    Raises:
        FlowError: there is none.
    """
    known: Mapping[str, Any] = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in known:
        cure = nearest(name, known) or f"known: {', '.join(sorted(known))}"
        raise FlowError(f"nobody knows how to pair '{name}'; {cure}")
    found: Pairer = known[name].load()
    return found


async def pair(ask: Pairer, address: str, wait: float, tell: Callable[[str], None]) -> Paired:
    """Ask until the device lets us in; each thing to do is told once.

    Raises:
        OSError: it does not answer.
        TimeoutError: nobody did what was to be done.
    """
    told = set[str]()
    try:
        async with asyncio.timeout(wait), aclosing(ask(address)) as steps:
            async for step in steps:
                if not isinstance(step, str):
                    return step
                if step not in told:
                    told.add(step)
                    tell(step)
    except TimeoutError as error:
        said = str(error) or f"nothing happened within {wait:g} s; try once more"
        raise TimeoutError(said) from None
    raise OSError(f"{address} did not answer")
