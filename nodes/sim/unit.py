"""What a simulated device shows of its battery to the protocol that serves it."""

from typing import Protocol


class Unit(Protocol):
    """One battery of a plant, as its network side sees it. Signs of the house: + discharging."""

    @property
    def power(self) -> float:
        """AC power as its telemetry has it now, W."""

    @property
    def soc(self) -> float:
        """State of charge, %."""

    @property
    def capacity(self) -> float:
        """Energy when full, Wh."""

    @property
    def online(self) -> bool:
        """Whether it answers at all."""

    def command(self, watts: float | None) -> None:
        """Take a setpoint, W, + discharging; `None` gives it back to its own logic."""
