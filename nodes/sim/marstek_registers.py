"""The registers of a simulated Marstek Venus: what they show and what writing them does."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from nodes._helpers import marstek
from nodes._helpers.marstek import CONTROL, MODE, OFF, ON
from nodes._helpers.marstek_families import FAMILIES
from nodes._helpers.registers import NumberType, encode
from nodes.sim.unit import Unit

NAMES = {"v2": "BI_2.5_2.5", "v3": "VNSE3-0", "d": "VNSD-0", "a": "VNSA-0"}
LARGEST_ORDER = {"v2": 2500, "v3": 2500, "d": 2500, "a": 1500}  # W
CHARGE_TO, WORK_MODE, SCHEDULE = 42011, 43000, 43100
ILLEGAL_VALUE = 3
ORDERS = (MODE, CHARGE_TO, marstek.CHARGE_POWER, marstek.DISCHARGE_POWER)
NOTHING: Mapping[NumberType, float] = {
    "int16": 2**15 - 1, "int32": 2**31 - 1, "uint16": 2**16 - 1, "uint32": 2**32 - 1
}  # fmt: skip
"""What a register shows that has no value: more than can be true."""
SHOWN: Mapping[str, tuple[tuple[int, NumberType], ...]] = {
    "power": ((30006, "int16"),),
    "cell_power": ((30001, "int16"),),
    "pv_power": tuple((30037 + panel, "uint16") for panel in range(4)),
    "soc": ((32104, "uint16"), (34002, "uint16")),
    "capacity": ((32105, "uint16"),),
    "charged": ((33000, "uint32"),),
    "discharged": ((33002, "int32"),),
}
"""Where the newer families show what; `v2` differs."""
SHOWN_BY_V2: Mapping[str, tuple[tuple[int, NumberType], ...]] = {
    **SHOWN, "power": ((32202, "int32"),), "cell_power": ((32102, "int32"),), "pv_power": (),
    "soc": ((32104, "uint16"),),
}  # fmt: skip


class VenusRegisters:
    """Shows a unit as one family does. Writes are acknowledged even where they do nothing.

    Source: as `_helpers/marstek.py`; semantics of 42000: firmware reverse engineering of fw 150 and
    Omnibattery. Losses are not modelled: the battery side shows what the AC side does.
    """

    def __init__(self, unit: Unit, family: str, now: Callable[[], float], echo: float) -> None:
        self.unit, self.family = unit, FAMILIES[family].name
        self.control = False
        self.stuck = 0
        """For so many fresh sessions 42000 is acknowledged and stays off (v3 after a cut-off)."""
        self.nap = 0.0
        """It takes orders and gives nothing until control was off for so many seconds."""
        self.untold: Collection[str] = ()
        """What it shows no value of."""
        self.panels = 0.0
        """Power of the panels, W (D and A)."""
        self.dip = False
        """Energy counters read low, as in the middle of an update."""
        self.watchdog = math.inf
        """Seconds after which control is lost unless 42000 is written again."""
        self.wear = 0
        """How often an EEPROM register was written."""
        self.now, self._echo = now, echo
        self._asserted = self._counted = now()
        self._lost = math.inf  # it had none to lose
        self._charged, self._discharged = 1.0e6, 0.9e6  # Wh
        self._words: dict[int, int] = {}
        self._old: dict[int, tuple[int, float]] = {}  # value before a write, shown until then
        self._build()

    def rename(self, name: str) -> None:
        """Give it another name, of up to 20 letters."""
        raw = name.encode().ljust(20, b"\0")
        pairs = zip(raw[::2], raw[1::2], strict=True)
        self._words.update({31000 + at: high << 8 | low for at, (high, low) in enumerate(pairs)})

    @property
    def addresses(self) -> list[int]:
        """Every register that answers."""
        return sorted(self._words)

    def read(self, address: int, count: int, *, echo: bool = False) -> list[int]:
        """Read registers as they are now; `echo` is the answer to a write, which never lags."""
        self._refresh()
        return [self._shown(register, echo) for register in range(address, address + count)]

    def write(self, address: int, values: Sequence[int]) -> int:
        """Take a write; returns 0 or the exception code."""
        codes = [self._refused(address + at, value) for at, value in enumerate(values)]
        if any(codes):
            return max(codes)
        for register, value in enumerate(values, address):
            self._old[register] = (self._words[register], self.now() + self._echo)
            self._words[register] = value
            self._take(register, value)
        return 0

    def reboot(self) -> None:
        """Forget what lies in RAM."""
        for register in ORDERS:
            self._words[register] = 0
        self.lose()

    def lose(self) -> None:
        """Fall back to the battery's own logic, as when the app changes the mode."""
        self._lost = self.now()
        self.control = False
        self._words[CONTROL] = OFF
        self._old.clear()
        self.unit.command(None)

    def _refused(self, register: int, value: int) -> int:
        largest = LARGEST_ORDER[self.family]
        allowed = {
            CONTROL: value in (ON, OFF),
            MODE: value <= 3,
            CHARGE_TO: 10 <= value <= 100,
            marstek.CHARGE_POWER: value <= largest,
            marstek.DISCHARGE_POWER: value <= largest,
            WORK_MODE: value <= 2,
        }
        return 0 if allowed.get(register, True) else ILLEGAL_VALUE

    def _take(self, register: int, value: int) -> None:
        if register == CONTROL and value == ON:
            self._control_on()
        elif register in (CONTROL, WORK_MODE):
            self.lose()
        elif register in ORDERS and self.control:
            self._obey()
        self.wear += register >= WORK_MODE

    def _control_on(self) -> None:
        self._asserted = self.now()
        if self.stuck:
            self._words[CONTROL] = OFF
        elif not self.control:
            if self.now() - self._lost >= self.nap:
                self.nap = 0.0
            self.control = True
            self._words[MODE] = marstek.STOP
            self._obey()

    def _obey(self) -> None:
        mode = self._words[MODE]
        charge, discharge = self._words[marstek.CHARGE_POWER], self._words[marstek.DISCHARGE_POWER]
        watts = marstek.ordered((mode, charge, discharge))
        limit = FAMILIES[self.family].limit  # A silently gives less than it takes
        self.unit.command(0.0 if self.nap else min(max(watts, -limit), limit))

    def _shown(self, register: int, echo: bool) -> int:
        old, until = self._old.get(register, (0, -math.inf))
        return old if self.now() < until and not echo else self._words[register]

    def _refresh(self) -> None:
        if self.control and self.now() - self._asserted > self.watchdog:
            self.lose()
        self._count()
        self._show_power()
        self._show_state()
        self._hide()

    def _hide(self) -> None:
        shown = SHOWN_BY_V2 if self.family == "v2" else SHOWN
        for name in self.untold:
            for register, kind in shown.get(name, ()):
                self._put(register, kind, NOTHING[kind])

    def _count(self) -> None:
        hours, self._counted = (self.now() - self._counted) / 3600, self.now()
        self._charged += max(-self.unit.power, 0.0) * hours
        self._discharged += max(self.unit.power, 0.0) * hours
        part = 0.1 if self.dip else 1.0
        self._put(33000, "uint32", self._charged * part / 10)
        self._put(33002, "int32", self._discharged * part / 10)

    def _show_power(self) -> None:
        power = self.unit.power
        if self.family == "v2":
            self._put(32102, "int32", -power)  # battery side: + charging
            self._put(32202, "int32", power)  # AC side: + discharging
            return
        self._put(30001, "int16", -power)
        self._put(30006, "int16", power)
        if self.family in ("d", "a"):
            self._put(30037, "uint16", self.panels * 10)

    def _show_state(self) -> None:
        soc, power = self.unit.soc, self.unit.power
        self._put(32104, "uint16", soc)
        self._put(32105, "uint16", self.unit.capacity)
        self._put(35100, "uint16", 2 if power < -5 else 3 if power > 5 else 1)
        if self.control:
            self._put(WORK_MODE, "uint16", 1)  # the same byte of the firmware
        if self.family != "v2":
            self._put(34002, "uint16", soc * 10)

    def _put(self, register: int, kind: NumberType, number: float) -> None:
        self._words.update(enumerate(encode(number, kind), register))

    def _build(self) -> None:
        """Lay out what answers; everything else is an exception."""
        blocks = [(31000, 10), (31200, 10), (32100, 8), (32200, 5), (32300, 4), (33000, 12)]
        blocks += [(35000, 3), (35010, 2), (35100, 1), (35110, 3), (36000, 2), (36100, 4)]
        blocks += [(41000, 2), (41100, 1), (41200, 1), (CONTROL, 1), (MODE, 2), (42020, 2)]
        blocks += [(WORK_MODE, 1), (SCHEDULE, 30), (44002, 2)]
        if self.family == "v2":
            blocks += [(30001, 10), (30100, 1), (30200, 6), (31100, 3), (44000, 2), (44100, 1)]
        else:
            blocks += [(30000, 8), (30020, 21), (30100, 11), (30200, 6), (30300, 10), (30400, 4)]
            blocks += [(34000, 4), (34018, 13 if self.family == "a" else 16), (37004, 5)]
        for start, count in blocks:
            self._words.update(dict.fromkeys(range(start, start + count), 0))
        self._words[CONTROL], self._words[35000] = OFF, 253
        self._fill()
        self._refresh()

    def _fill(self) -> None:
        self.rename(NAMES[self.family])
        if self.family == "v2":
            self._words.update({30001: 5210, 30004: 2300, 30006: 5, 30008: 253})  # the trap
            self._words.update({30009: 260, 30010: 260})
        else:
            self._words.update({31004: 0x0607, 30200: 147, 30303: 58})
        if self.family in ("v2", "v3"):
            self._words.update({44002: 2500, 44003: 2500})
