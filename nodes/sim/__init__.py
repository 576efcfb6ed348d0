"""Simulated devices and the plant they share: on sockets, and as twins in virtual time."""
