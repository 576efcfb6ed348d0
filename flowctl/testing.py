"""The public test harness, for us and for node authors: `play` for a node, `Bench` for a flow."""

from flowctl.play import Timeline, play

__all__ = ["Timeline", "play"]
