"""Values of wires as plain JSON, and back as the type that a step expects.

Times inside records (`at`, `*_at`, `*_until`, and those of `flights`) are seconds of one run's
clock. On paper they are told like the time of a row: seconds since the epoch.
"""

import dataclasses
import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from flowctl.faults import nearest
from flowctl.secret import Secret
from flowctl.signature.node import Wire
from flowctl.values import Battery, Release, names

Read = Callable[[Any, float], Any]
DIGITS = 6  # behind the point; what is beyond is noise of the arithmetic
_LARGEST = sys.float_info.max
FLAGS = {"on": True, "off": False, "true": True, "false": False}


def plain(value: Any, epoch: float = 0.0) -> Any:
    """Give a wire's value as JSON has it; `epoch` is the date of second 0 of the run's clock.

    A number that is not finite is nothing, and a record loses the fields that hold nothing. A
    secret prints as stars.

    Raises:
        TypeError: it is nothing that may be on a wire.
    """
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if is_dataclass(value):
        return _told(value, epoch)
    if isinstance(value, Release):
        return None
    if isinstance(value, Secret):
        return repr(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part, epoch) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part, epoch) for part in value]
    raise TypeError(f"a {type(value).__name__} cannot be recorded")


def rounded(value: Any) -> Any:
    """Give plain JSON as people read it."""
    if value.__class__ is float:
        return round(value, DIGITS) or 0.0
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list | tuple) else value


def typed(raw: Any, wire: Wire | None, epoch: float = 0.0) -> Any:
    """Make a value of a wire's type from plain JSON: an object becomes a `Battery`, for example.

    A number where a battery speaks is its power: a table has one column of it.

    Nothing (`null`) stays nothing. Fields of a record that are not known here are passed over.

    Raises:
        ValueError: it fits the type not at all; the message says what was wanted.
    """
    return reader(wire)(raw, epoch)


def reader(wire: Wire | None) -> Read:
    """Return what makes values of a wire's type, for those who have many: see `typed`."""
    read = _reader(wire.type) if wire else None
    if read is _number:
        return _number_or_nothing

    def read_known(raw: Any, epoch: float) -> Any:
        return raw if raw is None or read is None else read(raw, epoch)

    return read_known


def _told(record: Any, epoch: float) -> dict[str, Any]:
    told = {}
    for name, is_date in _fields(record.__class__):
        part = getattr(record, name)
        if part is None:
            continue
        made = plain(_dated(name, part, epoch) if is_date else part, epoch)
        if made is not None:
            told[name] = made
    return told


@cache
def _fields(record: type) -> tuple[tuple[str, bool], ...]:
    """Name the fields of a record, and say which of them are times."""
    return tuple((name, _is_date(name)) for name in names(record))


def _is_date(name: str) -> bool:
    return name in ("at", "flights") or name.endswith(("_at", "_until"))


def _dated(name: str, value: Any, epoch: float) -> Any:
    """Move the times of a record to another second 0."""
    if name == "flights":
        return tuple((round(time + epoch, 6), watts) for time, watts in value)
    return round(value + epoch, 6)


@cache
def _reader(hint: Any) -> Read:
    if get_origin(hint) is Annotated:
        return _reader(get_args(hint)[0])
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _either(tuple(_reader(option) for option in args), hint)
    if origin in (dict, Mapping):
        return _mapping(_reader(args[1]))
    if origin in (tuple, list, Sequence):
        return _row(args)
    return lambda raw, _: raw


def _record(made: type) -> Read:
    readers = {name: _reader(hint) for name, hint in get_type_hints(made).items()}
    dates = frozenset(filter(_is_date, readers))
    needed = {item.name for item in dataclasses.fields(made) if _is_needed(item)}

    def read(raw: Any, epoch: float) -> Any:
        if made is Battery and isinstance(raw, float | int) and not isinstance(raw, bool):
            raw = {"power": raw}  # a table has no more of it than this
        if not isinstance(raw, Mapping):
            raise ValueError(f"{raw!r} is not a {made.__name__}")
        told = {name: raw[name] for name in names(made) if raw.get(name) is not None}
        if needed - told.keys() or (raw and not told):
            raise ValueError(_missing(made, needed - told.keys(), raw))
        values = {name: readers[name](part, epoch) for name, part in told.items()}
        for name in values.keys() & dates:
            values[name] = _dated(name, values[name], -epoch)
        return made(**values)

    return read


def _is_needed(item: Any) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


def _missing(made: type, needed: set[str], raw: Mapping[str, Any]) -> str:
    if needed:
        return f"a {made.__name__} needs {', '.join(sorted(needed))}"
    strange = next(iter(raw))
    cure = nearest(strange, names(made)) or f"it has {', '.join(names(made))}"
    return f"a {made.__name__} has no {strange}; {cure}"


def _either(options: Sequence[Read], hint: Any) -> Read:
    def read(raw: Any, epoch: float) -> Any:
        for option in options:
            try:
                return option(raw, epoch)
            except ValueError:
                continue
        raise ValueError(f"{raw!r} is not one of {hint}")

    return read


def _mapping(inner: Read) -> Read:
    def read(raw: Any, epoch: float) -> Any:
        if not isinstance(raw, Mapping):
            raise ValueError(f"{raw!r} is not a mapping")
        return MappingProxyType({key: inner(part, epoch) for key, part in raw.items()})

    return read


def _row(args: tuple[Any, ...]) -> Read:
    many = len(args) < 2 or args[-1] is Ellipsis
    inner = [_reader(arg) for arg in args if arg is not Ellipsis]

    def read(raw: Any, epoch: float) -> Any:
        if not isinstance(raw, list | tuple):
            raise ValueError(f"{raw!r} is not a list")
        each = inner * len(raw) if many else inner
        return tuple(one(part, epoch) for one, part in zip(each, raw, strict=True))

    return read


def _number(raw: Any, _: float) -> float:
    if not isinstance(raw, float) and (isinstance(raw, bool) or not isinstance(raw, int)):
        raise ValueError(f"{raw!r} is not a number")
    if not -_LARGEST <= raw <= _LARGEST:
        raise ValueError("the number is too large")
    return float(raw)


def _number_or_nothing(raw: Any, epoch: float) -> float | None:
    if raw.__class__ is float and -_LARGEST <= raw <= _LARGEST:
        return raw  # nearly all that was ever recorded
    return None if raw is None else _number(raw, epoch)


def _whole(raw: Any, _: float) -> int:
    if isinstance(raw, bool) or not isinstance(raw, float | int) or _number(raw, 0.0) % 1:
        raise ValueError(f"{raw!r} is not a whole number")
    return int(raw)


def _flag(raw: Any, _: float) -> bool:
    read = FLAGS.get(raw.lower()) if isinstance(raw, str) else raw
    if not isinstance(read, bool):
        raise ValueError(f"{raw!r} is neither on nor off")
    return read


def _text(raw: Any, _: float) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"{raw!r} is not text")
    return raw


def _nothing(raw: Any, _: float) -> None:
    if raw is not None:
        raise ValueError(f"{raw!r} is not null")


_SIMPLE: dict[Any, Read] = {
    float: _number,
    int: _whole,
    bool: _flag,
    str: _text,
    types.NoneType: _nothing,
}
