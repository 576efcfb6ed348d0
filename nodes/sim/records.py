"""What a simulated battery tells, as the records that devices yield."""

from dataclasses import replace
from typing import Any

from flowctl import Battery
from nodes.sim.cells import Cells
from nodes.sim.setup import BatterySetup


def telemetry(
    power: float, cells: Cells, setup: BatterySetup, *, self_regulating: bool, panels: bool
) -> Battery:
    """What it tells at each poll; the age of the power it does not know itself."""
    record = Battery(
        power=power,
        soc=float(round(cells.soc)) if setup.stores and not setup.telemetry.no_soc else None,
        capacity=setup.capacity if setup.stores else None,
        max_charge=setup.max_charge,
        max_discharge=setup.max_discharge,
        min_power=setup.min_power,
        write_every=setup.write_every,
        self_regulating=self_regulating,
        online=True,
        charged=cells.charged,
        discharged=cells.discharged,
    )
    return _told(with_panels(record, cells.sun, cells.curtailed) if panels else record, setup)


def with_panels(record: Battery, sun: float, curtailed: float = 0.0) -> Battery:
    """Tell what panels on its own side make, and what that leaves to the cells: none if full."""
    made = float(round(sun - curtailed))
    cells = 0.0 if curtailed else (record.power or 0.0) - made
    return replace(record, pv_power=made, cell_power=cells)


def acceptance(watts: float | None, setup: BatterySetup) -> Battery:
    """What it tells at once when it took a setpoint, or was given back."""
    if watts is not None:
        return _told(Battery(setpoint=watts, self_regulating=False), setup)
    own = Battery(self_regulating=True) if setup.self_regulating else Battery(setpoint=0.0)
    return _told(own, setup)


def _told(record: Battery, setup: BatterySetup) -> Battery:
    """What a step hears of it."""
    nothing: dict[str, Any] = dict.fromkeys(setup.telemetry.untold)
    return replace(record, **nothing) if nothing else record
