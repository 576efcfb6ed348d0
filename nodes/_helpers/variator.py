"""A power variator: how watts become the percent it is told, and what it then draws."""

from pathlib import Path
from typing import NamedTuple, Self

from flowctl import Percent, Watts
from nodes._helpers.curve import Curve, read_curve, straight
from nodes._helpers.fields import pick, read_json, read_number

DECIMALS = 2  # of a percent: a hundredth of 2 kW is less than its meter resolves


def sized(calibration: Path | None, max_power: Watts | None) -> None:
    """Make sure that it is said how much it draws.

    Raises:
        ValueError: it is not.
    """
    if calibration is None and max_power is None:
        raise ValueError("how much it draws is not known; give max_power or calibration")


class Variator(NamedTuple):
    """A load behind it, all powers as magnitudes."""

    curve: Curve
    min_power: Watts
    """Less is off."""
    min_percent: Percent
    """Less is off."""

    @classmethod
    def of(
        cls,
        file: Path | None,
        most: Watts | None,
        min_power: Watts,
        min_percent: Percent,
    ) -> Self:
        """Make one by its calibration file, or by its largest power alone.

        Raises:
            OSError: the file holds no curve.
            ValueError: neither is given.
        """
        sized(file, most)
        curve = read_curve(file, min_percent) if file else straight(most or 0.0)
        return cls(curve, min_power, min_percent)

    def percent(self, watts: Watts) -> Percent:
        """Return what it is told to draw so much."""
        if watts < self.min_power or watts <= 0:
            return 0.0
        percent = round(self.curve.percent_at(watts), DECIMALS)
        return percent if percent >= self.min_percent else 0.0

    def draws(self, watts: Watts) -> Watts:
        """Return what it draws when it is asked for so much."""
        return self.curve.watts_at(self.percent(watts))

    def payload(self, watts: Watts) -> bytes:
        """Write what is published: a percent as text."""
        return f"{self.percent(watts):.{DECIMALS}f}".rstrip("0").rstrip(".").encode() or b"0"

    def read(self, payload: bytes) -> Watts:
        """Read its answer, a JSON object with `percent` in it.

        Raises:
            ValueError: it holds no percent.
        """
        return self.curve.watts_at(read_number(pick(read_json(payload.decode()), "percent")))
