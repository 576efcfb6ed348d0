"""Turn watts into the percent of a power variator, and back, by its calibration file."""

from pathlib import Path
from typing import Annotated, Literal

from flowctl import Ge, Lt, Observable, Percent, Present
from nodes._helpers.curve import read_curve


def calibration(
    values: Annotated[Observable[float], "watts to make, or percents of conduction"],
    *,
    file: Annotated[Path, Present(), "lines `percent;watts`, decimal point or comma"],
    to: Annotated[Literal["percent", "watts"], "what is wanted of it"] = "percent",
    min_percent: Annotated[
        Percent, Ge(0), Lt(100), "points below it are not used; less counts as 0"
    ] = 0.0,
) -> Observable[float]:
    """Say the percent that makes so many watts, or the watts that a percent makes; one per value.

    Both are magnitudes, zero or positive. Measured points are first made to rise: where a file goes
    down, the mean of those in each other's way counts. Between points the line is straight, so
    there is neither overshoot nor a second answer. The largest power, or more, is the file's
    largest percent.

    Example:
        - from: meter
        - calibration: power_calibration_ecs.csv

    Raises:
        ValueError: the file cannot be read, or holds no curve.
    """
    curve = read_curve(file, min_percent)

    def percent(watts: float) -> float:
        found = curve.percent_at(watts)
        return found if found >= min_percent else 0.0

    return values.map(percent if to == "percent" else curve.watts_at)
