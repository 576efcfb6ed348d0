"""The public test harness, for us and for node authors: `play` for a node, `Bench` for a flow."""

from flowctl.bench import Bench
from flowctl.play import Timeline, play

__all__ = ["Bench", "Timeline", "play"]
