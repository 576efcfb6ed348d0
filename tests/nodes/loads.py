"""A load device driven by hand: what the tests of the load nodes share."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from flowctl import Log, Store
from nodes._helpers import load_line
from tests.nodes.driven import Driven
from tests.nodes.driven import driven as drive

LOG = Log("ecs/load")


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let loads be looked at often."""
    monkeypatch.setattr(load_line, "BEAT", 0.02)


@asynccontextmanager
async def driven(
    device: Callable[..., Any], broker: str, store: Store | None = None, **settings: Any
) -> AsyncIterator[Driven]:
    """Run a load device."""
    kept = Store() if store is None else store
    async with drive(device, broker=broker, store=kept, log=LOG, **settings) as load:
        yield load
