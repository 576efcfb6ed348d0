"""Numbers and texts in 16-bit registers, and back. Pure."""

import math
import struct
from collections.abc import Sequence
from typing import Literal

NumberType = Literal["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
WordOrder = Literal["big", "little"]  # which word comes first; bytes in a word are always big

REGISTERS = 65536
FORMATS: dict[str, str] = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
    "float64": ">d",
}


def width(kind: NumberType) -> int:
    """How many registers a number fills."""
    return struct.calcsize(FORMATS[kind]) // 2


def check_end(register: int, type: NumberType) -> None:
    """Make sure that a number ends within the registers there are.

    Raises:
        ValueError: it does not.
    """
    if register + width(type) > REGISTERS:
        first = REGISTERS - width(type)
        raise ValueError(f"{type} at register {register} has no end; it begins at {first} at most")


def decode(words: Sequence[int], kind: NumberType, order: WordOrder = "big") -> float:
    """Read a number; a NaN or an infinity is a ValueError, for it is not a reading."""
    ordered = words if order == "big" else words[::-1]
    number = float(struct.unpack(FORMATS[kind], struct.pack(f">{len(ordered)}H", *ordered))[0])
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a reading")
    return number


def encode(number: float, kind: NumberType, order: WordOrder = "big") -> list[int]:
    """Write a number; one that does not fit into the type is a ValueError."""
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be written")
    try:
        packed = struct.pack(FORMATS[kind], number if kind.startswith("float") else round(number))
    except (struct.error, OverflowError):
        raise ValueError(f"{number:g} does not fit into {kind}") from None
    words = list(struct.unpack(f">{len(packed) // 2}H", packed))
    return words if order == "big" else words[::-1]


def text(words: Sequence[int]) -> str:
    """Read ASCII, two letters to a register, up to the first NUL."""
    raw = struct.pack(f">{len(words)}H", *words).split(b"\0")[0]
    return raw.decode("ascii", "replace").strip()
