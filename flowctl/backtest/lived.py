"""What a recorded day came to by its own meter: what a flow tried out on it is held against."""

from collections.abc import Iterator, Sequence

from flowctl.backtest.comparison import Comparison
from flowctl.backtest.figures import mean_grid
from flowctl.backtest.rebuild import Rebuilt
from flowctl.backtest.tariff import KWH
from flowctl.backtest.times import later

STEP = 1.0  # s


def lived(made: Comparison, rebuilt: Rebuilt) -> dict[str, float]:
    """Return the figures that a meter alone can tell, over the time that was tried out."""
    world = made.setting.world
    grid = list(_held(rebuilt.grid, world.warm_up, made.seconds))
    drawn = sum(watts for watts in grid if watts > 0) * STEP / KWH
    told = {
        "grid_w": mean_grid(grid),
        "import_kwh": drawn,
        "export_kwh": drawn - sum(grid) * STEP / KWH,
    }
    if made.setting.tariff:
        start = later(made.start, world.warm_up)
        told["cost"] = made.setting.tariff.cost(grid, STEP, start)
    return told


def _held(readings: Sequence[tuple[float, float]], begin: float, end: float) -> Iterator[float]:
    """What the meter said last, once per `STEP`."""
    place, time = 0, begin
    while time < end:
        while place + 1 < len(readings) and readings[place + 1][0] <= time:
            place += 1
        yield readings[place][1]
        time += STEP
