"""A flow in virtual time: played, replayed, tested."""
