"""The public test harness, for us and for node authors: `play` for a node, `Bench` for a flow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowctl.language.library import Library
from flowctl.virtual.bench import Bench
from flowctl.virtual.play import Timeline, play

__all__ = ["Bench", "Timeline", "node", "play"]


def node(name: str, test: str) -> Callable[..., Any]:
    """Get a node of one's own for its test: `node("gentle", __file__)`.

    It is in `nodes/`, which lies beside the folder of the test.

    Raises:
        FlowError: there is not one of that name, or its file cannot be read.
    """
    return Library.beside(Path(test).resolve().parent.parent).get(name).function
