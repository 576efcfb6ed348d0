"""What each family of Marstek Venus is asked over Modbus, and what the words tell. Pure.

Source: as `_helpers/marstek.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nodes._helpers.marstek import Told, Words
from nodes._helpers.registers import decode

FamilyName = Literal["v1", "v2", "c", "v3", "d", "a"]

SPECIAL = {4: "backup", 5: "update", 6: "bypass"}  # of the inverter state, 35100
WORK = {0: "manual", 1: "self-consumption", 2: "trade"}  # of the user work mode, 43000
REMOTE = "remote"  # under remote control; 43000 then reads 1 and means nothing


@dataclass(frozen=True, slots=True)
class Question:
    """Blocks of registers, read one after the other, and what all their words tell."""

    name: str
    blocks: tuple[tuple[int, int], ...]
    tell: Callable[[Words], Told]


@dataclass(frozen=True, slots=True)
class Family:
    """What one family is asked, and how much it takes."""

    name: str
    limit: float
    """Largest power in either direction, W."""
    power: Question
    """Asked at every poll."""
    others: tuple[Question, ...]
    """Asked in turn, one a poll."""


def _power16(words: Words) -> Told:
    return {"power": decode(words, "int16")}  # 30006: AC, + discharging as ours


def _power32(words: Words) -> Told:
    return {"power": decode(words, "int32")}  # 32202: AC, + discharging as ours


def _capacity(word: int) -> float:
    return word * 10.0 if word < 1000 else float(word)  # Wh; fw 147 of v2 counts in 10 Wh


def _pack(words: Words) -> Told:
    power = 0.0 - decode(words[2:4], "int32")  # 32102: + charging, turned into ours
    return {"cell_power": power, "soc": float(words[4]), "capacity": _capacity(words[5])}


def _soc10(words: Words) -> Told:
    return {"soc": words[0] / 10}


def _size(words: Words) -> Told:
    return {"capacity": _capacity(words[0])}


def _soc_size(words: Words) -> Told:
    return {"soc": float(words[0]), "capacity": _capacity(words[1])}


def _cells(words: Words) -> Told:
    return {"cell_power": 0.0 - decode(words, "int16")}  # 30001: + charging, turned into ours


def _cells_and_panels(words: Words) -> Told:
    """30001 is the DC bus, + charging: the pack takes what the bus takes and what the sun adds."""
    panels = sum(words[1:]) / 10
    return {"pv_power": panels, "cell_power": 0.0 - decode(words[:1], "int16") - panels}


def _temperature(words: Words) -> Told:
    return {"temperature": decode(words, "int16") / 10}


def _energy(words: Words) -> Told:
    charged, discharged = decode(words[:2], "uint32"), decode(words[2:], "int32")
    return {"charged": charged * 10, "discharged": discharged * 10}  # registers count 0.01 kWh


def _working(words: Words) -> Told:
    return {"mode": SPECIAL.get(words[0]) or WORK.get(words[1], f"mode {words[1]}")}


def _limits(words: Words) -> Told:
    """Limits set in the app; 0 is none. D and A always say 0, so they are not asked."""
    names = ("max_charge", "max_discharge")
    return {name: float(word) for name, word in zip(names, words, strict=True) if word}


TEMPERATURE = Question("temperature", ((35000, 1),), _temperature)
ENERGY = Question("energy", ((33000, 4),), _energy)
WORKING = Question("mode", ((35100, 1), (43000, 1)), _working)
LIMITS = Question("limits", ((44002, 2),), _limits)  # read only: writing wears the EEPROM
POWER16 = Question("power", ((30006, 1),), _power16)
POWER32 = Question("power", ((32202, 2),), _power32)
PACK = Question("pack", ((32100, 6),), _pack)
SOC10 = Question("soc", ((34002, 1),), _soc10)
SIZE = Question("capacity", ((32105, 1),), _size)
SOC_SIZE = Question("soc", ((32104, 2),), _soc_size)
CELLS = Question("cells", ((30001, 1),), _cells)
PANELS = Question("panels", ((30001, 1), (30037, 4)), _cells_and_panels)

V2 = Family("v2", 2500.0, POWER32, (PACK, WORKING, PACK, TEMPERATURE, PACK, ENERGY, PACK, LIMITS))
V3 = Family(
    "v3",
    2500.0,
    POWER16,
    (SOC10, CELLS, WORKING, SOC10, CELLS, ENERGY, SOC10, CELLS, TEMPERATURE, LIMITS, SIZE),
)
_WITH_PANELS = (PANELS, SOC_SIZE, PANELS, WORKING, PANELS, ENERGY, PANELS, TEMPERATURE)
D = Family("d", 2500.0, POWER16, _WITH_PANELS)  # 2500 W from fw 149; before, it keeps to 2200
A = Family("a", 1450.0, POWER16, _WITH_PANELS)  # takes 1500 and silently gives 1450
FAMILIES: dict[str, Family] = {"v1": V2, "v2": V2, "c": V2, "v3": V3, "d": D, "a": A}
DEVICE_NAMES = {  # how 31000 begins; Source: VNSE3-0 and its like in AstraMeter, BI_ and AC01 in
    # Marstek-ModBus-Gateway
    "VNSE": V3,
    "VNSD": D,
    "VNSA": A,
    "HMG": V2,
    "BI_": V2,
    "AC01": V2,
}


def named(name: str) -> Family | None:
    """Find the family by the device's own name."""
    found = (family for start, family in DEVICE_NAMES.items() if name.upper().startswith(start))
    return next(found, None)
