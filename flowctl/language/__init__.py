"""From the text of a flow to a checked graph, with every fault in its place."""
