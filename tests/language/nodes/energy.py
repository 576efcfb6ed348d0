"""An operator of another unit."""

from flowctl import Observable, WattHours, Watts


def energy(power: Observable[Watts]) -> Observable[WattHours]:
    """Integrate."""
    return power
