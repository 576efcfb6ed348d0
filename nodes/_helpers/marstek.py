"""How a Marstek Venus is steered over Modbus, and what of its telemetry can be true. Pure.

Families: `v2` is Venus E v1 and v2 and Venus C (RS485 behind a gateway), `v3` is Venus E v3, `d`
and `a` are Venus D and A (with panels). The last three share one firmware base and speak Modbus TCP
on their LAN port.

Source, unless a line says otherwise: register maps of ViperRNMC/marstek_venus_modbus (2026-06),
checked there against ffunes/Marstek-Venus-Energy-Manager 2.1.1 and evcc (2026-08).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Words = Sequence[int]
Told = dict[str, Any]  # fields of Battery

CONTROL, ON, OFF = 42000, 0x55AA, 0x55BB  # read-back gives the value written
MODE, STOP, CHARGE, DISCHARGE = 42010, 0, 1, 2
CHARGE_POWER, DISCHARGE_POWER = 42020, 42021  # W, unsigned: MODE holds the direction
STATE = 35100  # of the inverter: 0 sleep, 1 standby, 2 charge, 3 discharge
NAME = 31000  # 10 registers of text; v3 puts binary after the NUL
V3_VERSION = 30200  # EMS version on v3, D and A; 0 on v1 and v2 (Marstek-ModBus-Gateway)
V3_SOC = 34002  # not there on v1 and v2 (Marstek-ModBus-Gateway)
FORCED = ((MODE, 1), (CHARGE_POWER, 2))
READ_BACK_PART, READ_BACK_FLOOR = 0.10, 100.0  # echoes are rounded (Omnibattery issue 77)

BOUNDS = {  # what lies outside is a corrupt register, not a reading (seen with the UDP API on)
    "power": (-10e3, 10e3),
    "cell_power": (-10e3, 10e3),
    "pv_power": (0.0, 10e3),
    "soc": (0.0, 100.0),
    "capacity": (1000.0, 20e3),
    "temperature": (-40.0, 120.0),
    "max_charge": (50.0, 2500.0),
    "max_discharge": (50.0, 2500.0),
    "charged": (0.0, 1e9),
    "discharged": (0.0, 1e9),
}


def credible(told: Mapping[str, Any]) -> Told:
    """Keep what can be true."""
    return {
        name: value
        for name, value in told.items()
        if name not in BOUNDS or BOUNDS[name][0] <= value <= BOUNDS[name][1]
    }


def orders(watts: float) -> tuple[tuple[int, int], ...]:
    """Registers to write for a setpoint (+ discharging), in this order: the mode starts it."""
    power = round(watts)
    mode = DISCHARGE if power > 0 else CHARGE if power < 0 else STOP
    return ((DISCHARGE_POWER, max(power, 0)), (CHARGE_POWER, max(-power, 0)), (MODE, mode))


def ordered(words: Words) -> float:
    """Read a setpoint (+ discharging) back from the registers of `FORCED`."""
    mode, charge, discharge = words
    return float({CHARGE: -charge, DISCHARGE: discharge}.get(mode, 0))


def stands(wanted: float, powers: Words) -> bool:
    """Compare a setpoint with its power registers (charge, discharge) alone."""
    (_, discharge), (_, charge), _ = orders(wanted)
    most = max(READ_BACK_FLOOR, READ_BACK_PART * abs(wanted))
    return abs(powers[0] - charge) <= most and abs(powers[1] - discharge) <= most


def agree(wanted: float, words: Words) -> bool:
    """Compare a setpoint with what `FORCED` reads: the mode exactly, the power roughly."""
    mode = orders(wanted)[2][1]
    near = abs(ordered(words) - wanted) <= max(READ_BACK_FLOOR, READ_BACK_PART * abs(wanted))
    return words[0] == mode and near


def is_foreign(held: float, ours: Sequence[float]) -> bool:
    """Tell whether a setpoint that is held can be none of ours, oldest first, nor less of one.

    Only the newest two may be held as less: the order may be lost, or under a limit.
    """
    newest = (0.0, *list(ours)[-2:])
    most = max(READ_BACK_FLOOR, READ_BACK_PART * abs(held))
    beyond = held < min(newest) - most or held > max(newest) + most
    return beyond and all(abs(held - watts) > most for watts in ours)


@dataclass(frozen=True, slots=True)
class Counter:
    """An energy counter that glitches low now and then (0 Wh in the middle of an update)."""

    value: float | None = None
    doubts: int = 0

    def after(self, reading: float) -> "Counter":
        """Follow a reading; a fall by a tenth is believed when it comes three times in a row."""
        if self.value is None or reading >= 0.9 * self.value or self.doubts == 2:
            return Counter(reading)
        return Counter(self.value, self.doubts + 1)
