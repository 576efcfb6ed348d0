"""A flow in the real world: tasks at its edges, its state, and what survives a kill."""
