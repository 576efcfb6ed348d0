"""Payloads of datagrams and topics: bytes into values of a wire, and values into bytes."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from nodes._helpers.fields import frozen, pick, read_json, read_number

LARGEST = 1 << 20  # bytes; no value of a house is longer
Format = Literal["number", "text", "json", "bool"]
Style = Literal["plain", "json", "onoff"]
TRUE = ("true", "on", "1", "yes")
FALSE = ("false", "off", "0", "no")
Decode = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]


def decoder(format: Format, field: str = "") -> Decode:
    """Make what reads a payload; a `field` is looked up in JSON first.

    What it returns raises `ValueError` on anything that is not what the format says.
    """
    leaf, in_json = _LEAVES[format], bool(field) or format == "json"

    def decode(payload: bytes) -> Any:
        if len(payload) > LARGEST:
            raise ValueError(f"{len(payload)} bytes; no value is longer than {LARGEST}")
        said = read_json(payload.decode()) if in_json else payload.decode()
        return leaf(pick(said, field) if field else said)

    return decode if format != "number" or field else _fast_number(decode)


def text_of(payload: bytes) -> str:
    """Return the text of a payload; what is not UTF-8 in it is shown as such.

    Raises:
        ValueError: it is too long to be one.
    """
    if len(payload) > LARGEST:
        raise ValueError(f"{len(payload)} bytes; no value is longer than {LARGEST}")
    return payload.decode("utf-8", "replace")


def encoder(style: Style, decimals: int | None = None) -> Encode:
    """Make what writes a payload: numbers and texts as they are, records as JSON objects."""

    def encode(value: Any) -> bytes:
        if decimals is not None and isinstance(value, float | int):
            value = value if isinstance(value, bool) else round(float(value), decimals)
        if style == "onoff" and isinstance(value, bool):
            return b"ON" if value else b"OFF"
        if style != "json" and isinstance(value, str):
            return value.encode()
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False).encode()

    return encode


def plain(value: Any) -> Any:
    """Give a value as JSON has it: a record loses what is unknown, and times of our own clock."""
    if isinstance(value, float):
        return _whole(value)
    if is_dataclass(value):
        told = {item.name: getattr(value, item.name) for item in fields(value)}
        return {name: plain(part) for name, part in told.items() if not _untold(name, part)}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if value is None or isinstance(value, str | int):
        return value
    raise ValueError(f"a {type(value).__name__} cannot be sent")


def _whole(value: float) -> float | int:
    """Print 300.0 as 300: many who read it take only whole watts."""
    if not math.isfinite(value):
        raise ValueError("a number that is not finite")
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(value)


def _untold(name: str, part: Any) -> bool:
    return part is None or name in ("at", "flights") or name.endswith(("_at", "_until"))


def _fast_number(decode: Decode) -> Decode:
    def number(payload: bytes) -> float:
        try:
            value = float(payload) if len(payload) < 50 and b"_" not in payload else math.inf
        except ValueError:
            value = math.inf
        return value if math.isfinite(value) else float(decode(payload))

    return number


def _bool(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in TRUE or word in FALSE:
        return word in TRUE
    raise ValueError(f"neither on nor off: {word[:80]!r}")


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)


_LEAVES: Mapping[Format, Callable[[Any], Any]] = {
    "number": read_number,
    "text": _text,
    "json": frozen,
    "bool": _bool,
}
