"""What a simulated Venus is doing, as its UDP API tells and commands it."""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, time
from typing import Any

from nodes._helpers.marstek_api import Device, scale_of
from nodes._helpers.marstek_families import FamilyName
from nodes.sim.unit import Unit

NAMES: Mapping[FamilyName, tuple[str, int]] = {  # name and a firmware in the field
    "v1": ("VenusE", 153),
    "v2": ("VenusE", 155),
    "c": ("VenusC", 155),
    "v3": ("VenusE 3.0", 147),
    "d": ("VenusD", 155),
    "a": ("VenusA", 147),
}
TELLS_NO_CELLS = ("E3", "A")  # families whose ES.GetStatus leaves bat_power out
BAD_PARAMS = -32602
LOOK = 60.0  # s between two looks at the schedule
HOUR = 3600.0
MAC = "aabbccddeeff"
FIELDS: Mapping[str, tuple[str, ...]] = {
    "power": ("ongrid_power", "bat_power"),
    "cell_power": ("bat_power",),
    "pv_power": ("pv_power",),
    "soc": ("soc", "bat_soc"),
    "capacity": ("rated_capacity", "bat_cap", "bat_capacity"),
    "charged": ("total_grid_input_energy",),
    "discharged": ("total_grid_output_energy",),
}
"""What tells of what, in any answer."""


class ApiError(Exception):
    """A question that cannot be served, with the code that says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class UdpBattery:
    """Modes, their timers and their answers, around one battery of a plant."""

    def __init__(
        self,
        unit: Unit,
        family: FamilyName,
        firmware: int | None,
        hurry: float,
        wall: Callable[[], datetime] | None,
    ) -> None:
        name, known = NAMES[family]
        self.unit, self.mode = unit, "Auto"
        self.slots: dict[int, Mapping[str, Any]] = {}
        self.untold: Collection[str] = ()
        """What its answers leave out."""
        self._device = Device(name, firmware or known, MAC)
        self._scale = scale_of(self._device, {})
        self._loop, self._hurry, self._wall = asyncio.get_running_loop(), hurry, wall
        self._timer: asyncio.TimerHandle | None = None
        self._charged = self._discharged = 0.0
        self._counted = self._loop.time()

    @property
    def source(self) -> str:
        """By what name it signs its answers."""
        return f"{self._device.name.partition(' ')[0]}-{MAC}"

    def device(self) -> Mapping[str, Any]:
        """Answer Marstek.GetDevice."""
        told = {"device": self._device.name, "ver": self._device.firmware, "ip": "127.0.0.1"}
        return told | {"ble_mac": MAC, "wifi_mac": MAC, "wifi_name": "house"}

    def wifi(self) -> Mapping[str, Any]:
        """Answer Wifi.GetStatus."""
        return {"wifi_mac": MAC, "ssid": "house", "rssi": -55, "sta_ip": "127.0.0.1"}

    def cells(self) -> Mapping[str, Any]:
        """Answer Bat.GetStatus."""
        left = self.unit.capacity * self.unit.soc / 100.0
        told = {
            "soc": round(self.unit.soc),
            "charg_flag": self.unit.soc < 100.0,
            "dischrg_flag": self.unit.soc > 12.0,
            "bat_temp": 25.0 * self._scale.temperature,
            "bat_capacity": round(left * self._scale.capacity, 1),
            "rated_capacity": float(round(self.unit.capacity)),
        }
        return self._heard(told)

    def panels(self) -> Mapping[str, Any]:
        """Answer PV.GetStatus."""
        return self._heard({"pv_power": 0.0, "pv_voltage": 0.0, "pv_current": 0.0})

    def status(self) -> Mapping[str, Any]:
        """Answer ES.GetStatus."""
        self._count()
        power, scale = round(self.unit.power), self._scale
        cells = {} if self._device.family in TELLS_NO_CELLS else {"bat_power": -power * scale.power}
        told = {
            "bat_soc": round(self.unit.soc),
            "bat_cap": round(self.unit.capacity),
            "pv_power": 0,
            "ongrid_power": power,
            "offgrid_power": 0,
            **cells,
            "total_pv_energy": 0,
            "total_grid_output_energy": round(self._discharged * scale.energy),
            "total_grid_input_energy": round(self._charged * scale.energy),
            "total_load_energy": 0,
        }
        return self._heard(told)

    def working(self) -> Mapping[str, Any]:
        """Answer ES.GetMode."""
        told = {"mode": self.mode, "ongrid_power": round(self.unit.power), "offgrid_power": 0}
        return self._heard(told | {"bat_soc": round(self.unit.soc)})

    def meter(self) -> Mapping[str, Any]:
        """Answer EM.GetStatus: there is no clamp on this one."""
        return {"ct_state": 0, "a_power": 0, "b_power": 0, "c_power": 0, "total_power": 0}

    def set_mode(self, params: Any) -> None:
        """Obey ES.SetMode.

        Raises:
            ApiError: it makes no sense.
        """
        config: Any = params.get("config") if isinstance(params, dict) else None
        mode = config.get("mode") if isinstance(config, dict) else None
        ways = {
            "Auto": self._own,
            "AI": self._own,
            "Passive": self._passive,
            "Manual": self._manual,
        }
        if mode not in ways:
            raise ApiError(BAD_PARAMS, "Invalid params")
        try:
            ways[mode](config[f"{mode.lower()}_cfg"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ApiError(BAD_PARAMS, "Invalid params") from None
        self.mode = mode

    def revert(self) -> None:
        """Go back to Auto."""
        self.mode = "Auto"
        self._rest()
        self.unit.command(None)

    def close(self) -> None:
        """Drop the timer."""
        self._rest()

    def _heard(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        hidden = {field for name in self.untold for field in FIELDS.get(name, ())}
        return {field: value for field, value in told.items() if field not in hidden}

    def _own(self, config: Mapping[str, Any]) -> None:
        if config["enable"] not in (0, 1):
            raise ValueError
        self._rest()
        self.unit.command(None)

    def _passive(self, config: Mapping[str, Any]) -> None:
        power, seconds = _number(config["power"]), _number(config["cd_time"])
        if seconds <= 0:
            raise ValueError
        self._rest()
        self._timer = self._loop.call_later(seconds / self._hurry, self.revert)
        self.unit.command(self._limited(power))

    def _manual(self, config: Mapping[str, Any]) -> None:
        slot = {
            "from": time.fromisoformat(config["start_time"]),
            "to": time.fromisoformat(config["end_time"]),
            "days": int(config["week_set"]),
            "power": _number(config["power"]),
            "enabled": config["enable"] == 1,
        }
        if config["time_num"] not in range(10) or not 1 <= slot["days"] <= 127:
            raise ValueError
        self.slots[config["time_num"]] = slot
        self._follow()

    def _follow(self) -> None:
        """Do what the schedule says now; look again in a minute."""
        self._rest()
        self._timer = self._loop.call_later(LOOK / self._hurry, self._follow)
        slots = (slot for _, slot in sorted(self.slots.items()))  # the first that matches wins
        due = [slot["power"] for slot in slots if slot["enabled"] and self._is_now(slot)]
        self.unit.command(self._limited(due[0]) if due else 0.0)

    def _is_now(self, slot: Mapping[str, Any]) -> bool:
        if self._wall is None:
            return True
        now = self._wall()
        today = bool(slot["days"] >> now.weekday() & 1)  # bit 0 is Monday
        return today and slot["from"] <= now.time().replace(tzinfo=None) <= slot["to"]

    def _limited(self, power: float) -> float:
        most = self._device.rating or math.inf
        return max(-most, min(most, power))

    def _rest(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _count(self) -> None:
        """Count energy since the last look, as if the power had stood still."""
        now = self._loop.time()
        energy, self._counted = self.unit.power * (now - self._counted) / HOUR, now
        self._discharged += max(0.0, energy)
        self._charged += max(0.0, -energy)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
