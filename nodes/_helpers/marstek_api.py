"""What is said over the local UDP API of Marstek batteries: questions, answers and their quirks.

Source: Marstek Device Open API Rev 1.0 (methods, envelope, ranges); taurgis/has-marstek-local-api
rc8 and its mock device; MarstekEnergy/aiomarstek (signs, mode numbers); mattreim and jaapp
ha-marstek-local-api (scaling by family and firmware).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flowctl import Battery
from nodes._helpers.fields import read_number
from nodes._helpers.nonsense import excerpt

PORT = 30000
MOST_POWER = 100_000.0  # W; more is no power of a house
MOST_ENERGY = 1e9  # Wh
MODES = ("Auto", "AI", "Manual", "Passive", "Ups")  # by number, as newer firmware says them
OWN_MODES = ("Auto", "AI")  # those in which it follows a meter or plan of its own
SLOT = 9  # the schedule slot that is ours: clients give it away for a plain Manual
Release = Literal["own", "zero"]


@dataclass(frozen=True, slots=True)
class Scale:
    """By what the raw numbers of one firmware are to be divided."""

    capacity: float = 1.0
    power: float = 1.0
    energy: float = 1.0
    temperature: float = 1.0
    pv: float = 1.0


@dataclass(frozen=True, slots=True)
class Device:
    """What a battery says it is."""

    name: str = ""
    firmware: int = 0
    mac: str = ""

    @property
    def family(self) -> str:
        """`E3`, `E`, `C`, `D` or `A`; empty when it is none that we know."""
        word = self.name.replace(" ", "").upper().removeprefix("VENUS")
        if word.startswith("E"):
            return "E3" if "3" in word else "E"
        return word[:1] if word[:1] in ("A", "C", "D") else ""

    @property
    def rating(self) -> float | None:
        """Largest AC power, W: Venus A clips at 1450, D took 2200 before firmware 149."""
        if self.family == "D":
            return 2500.0 if self.firmware >= 149 else 2200.0
        return {"A": 1450.0, "C": 2500.0, "E": 2500.0, "E3": 2500.0}.get(self.family)


OLD = Scale(capacity=100.0, power=10.0, energy=0.1, pv=10.0)
NEW = Scale(energy=0.01, pv=10.0)
SCALES: Mapping[str, tuple[tuple[int, int, Scale], ...]] = {  # firmware from, below: divisors
    "E3": ((139, 143, Scale(temperature=10.0, capacity=0.1)), (0, 9999, Scale())),
    "A": ((0, 9999, Scale(pv=10.0)),),
    **dict.fromkeys("CDE", ((0, 154, OLD), (154, 9999, NEW))),
}


def read_device(result: Any) -> Device:
    """Read the answer to Marstek.GetDevice."""
    said = result if isinstance(result, Mapping) else {}
    firmware = said.get("ver")
    return Device(
        str(said.get("device") or "")[:40],
        firmware if isinstance(firmware, int) else 0,
        str(said.get("ble_mac") or "")[:40],
    )


def scale_of(device: Device, battery: Mapping[str, Any]) -> Scale:
    """Choose the divisors: those of the firmware, unless others explain what it says of itself.

    The check is Bat.GetStatus: what is left must be about the state of charge of what it can hold.
    """
    rows = SCALES.get(device.family, ((0, 9999, Scale()),))
    fitting = (row for low, high, row in rows if low <= device.firmware < high)
    first = next(fitting, rows[-1][2])
    said = Reader(battery)
    left, rated = said.take("bat_capacity", 1.0, 1e12), said.take("rated_capacity", 1.0, 1e12)
    soc = said.take("soc", 1.0, 100.0)
    if left is None or rated is None or soc is None:
        return first
    share = left * 100.0 / (rated * soc)
    others = [first, *(row for _, _, row in rows), Scale(), OLD]
    return next((row for row in others if 0.5 < share / row.capacity < 2.0), first)


class Reader:
    """Reads the fields of one answer; what is odd is left out and remembered."""

    def __init__(self, result: Any) -> None:
        self.odd: list[str] = []
        self._said = result if isinstance(result, Mapping) else {}
        if not self._said:
            self.odd.append(f"not an object: {excerpt(str(result)[:200])}")

    def take(self, name: str, low: float, high: float, divisor: float = 1.0) -> float | None:
        """Return a number within its limits; `None` when there is none."""
        raw = self._said.get(name)
        if raw is None:
            return None
        try:
            value = read_number(raw) / divisor
        except ValueError as why:
            self.odd.append(f"{name}: {why}")
            return None
        if low <= value <= high:
            return value
        self.odd.append(f"{name}: {value:g} is out of all bounds")
        return None

    def power(self, name: str, divisor: float = 1.0) -> float | None:
        """Return a power, in the sign of the device."""
        return self.take(name, -MOST_POWER, MOST_POWER, divisor)

    def mode(self) -> str | None:
        """Return the working mode; firmware says names in any case, or numbers."""
        raw = self._said.get("mode")
        if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw < len(MODES):
            return MODES[raw]
        named = {name.lower(): name for name in MODES}
        return named.get(str(raw).lower()) if isinstance(raw, str) else None


def read_status(result: Any, scale: Scale) -> tuple[Battery, list[str]]:
    """Read ES.GetStatus; also tell what was odd.

    `ongrid_power` is + discharging as ours is, `bat_power` + charging. Venus E v3 and A leave the
    latter out: pv - ongrid is what goes into the cells.
    """
    said = Reader(result)
    grid = said.power("ongrid_power")
    pv = said.power("pv_power", scale.pv)
    into_cells = said.power("bat_power", scale.power)
    if into_cells is None and grid is not None:
        into_cells = (pv or 0.0) - grid
    if grid is None and into_cells is not None:
        grid = (pv or 0.0) - into_cells
    battery = Battery(
        power=grid,
        soc=said.take("bat_soc", 0.0, 100.0),
        cell_power=None if into_cells is None else 0.0 - into_cells,
        pv_power=pv,
        charged=said.take("total_grid_input_energy", 0.0, MOST_ENERGY, scale.energy),
        discharged=said.take("total_grid_output_energy", 0.0, MOST_ENERGY, scale.energy),
        online=True,
    )
    return battery, said.odd


def read_battery(result: Any, scale: Scale) -> tuple[Battery, list[str]]:
    """Read Bat.GetStatus; also tell what was odd."""
    said = Reader(result)
    battery = Battery(
        soc=said.take("soc", 0.0, 100.0),
        capacity=said.take("rated_capacity", 1.0, MOST_ENERGY),
        temperature=said.take("bat_temp", -60.0, 150.0, scale.temperature),
        online=True,
    )
    return battery, said.odd


def read_mode(result: Any) -> tuple[Battery, list[str]]:
    """Read ES.GetMode; also tell what was odd."""
    said = Reader(result)
    mode = said.mode()
    battery = Battery(
        power=said.power("ongrid_power"),
        soc=said.take("bat_soc", 0.0, 100.0),
        mode=mode,
        self_regulating=None if mode is None else mode in OWN_MODES,
        online=True,
    )
    return battery, said.odd


def passive(watts: float, seconds: int) -> dict[str, Any]:
    """Hold a power, + discharging as ours, for so long; then it is Auto again."""
    return {"mode": "Passive", "passive_cfg": {"power": round(watts), "cd_time": seconds}}


def manual(watts: float | None, slot: int = SLOT) -> dict[str, Any]:
    """Hold a power, + discharging as ours, all week by our schedule slot; `None` empties it."""
    config = {
        "time_num": slot,
        "start_time": "00:00",
        "end_time": "23:59",
        "week_set": 127,
        "power": round(watts or 0.0),
        "enable": int(watts is not None),
    }
    return {"mode": "Manual", "manual_cfg": config}


def auto() -> dict[str, Any]:
    """Follow the battery's own meter."""
    return {"mode": "Auto", "auto_cfg": {"enable": 1}}
