"""How deep calls may go: each hop of a value from step to step is a call within a call."""

import sys

from flowctl.language.graph import Graph

ROOM = 1000  # calls within calls that a node may make: the limit of Python as it comes
FRAMES = 6  # of them that a hop takes at most


def make_room(graph: Graph) -> None:
    """Let a value pass the longest pipe there can be in a flow."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), ROOM + FRAMES * len(graph.steps)))
