"""Settings that are simple and right are read at once; pydantic reads and explains the others.

It takes longer to import than all else that a good flow needs.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt

from flowctl import units
from flowctl.expression import Expression
from flowctl.marks import TOLD_TO_CHECK, Check
from flowctl.secret import Secret
from flowctl.signature.hints import is_union, strip
from flowctl.units import Unit

UNSURE: Final = object()  # it is not simple, or not right


def simple(annotation: Any, value: Any) -> Any:
    """Read a setting as pydantic would, or `UNSURE`."""
    bare, marks = strip(annotation)
    unit = next((mark.symbol for mark in marks if isinstance(mark, Unit)), None)
    try:
        made = units.reader(unit)(value) if unit else _read(bare, value)
    except (ValueError, OverflowError):
        return UNSURE
    checks = (mark for mark in marks if not isinstance(mark, Unit | str | TOLD_TO_CHECK))
    return made if made is UNSURE or all(holds(check, made) for check in checks) else UNSURE


def _read(bare: Any, value: Any) -> Any:
    if is_union(bare):
        return _either(get_args(bare), value)
    if get_origin(bare) is Literal:
        return value if isinstance(value, str) and value in get_args(bare) else UNSURE
    if bare in (str, bool, int) and type(value) is bare:
        return value
    if bare is float and type(value) in (int, float):
        return float(value) if math.isfinite(value) else UNSURE
    if bare is Path and isinstance(value, str):
        return Path(value)
    if isinstance(bare, type) and issubclass(bare, Expression | Secret):
        return bare.read(value)
    return UNSURE


def _either(options: tuple[Any, ...], value: Any) -> Any:
    if value is None:
        return None if NoneType in options else UNSURE
    others = [option for option in options if option is not NoneType]
    if len(others) > 1 and not isinstance(value, dict | list):  # a number, or numbers by name
        others = [option for option in others if not _holds_several(option)]
    return simple(others[0], value) if len(others) == 1 else UNSURE


def _holds_several(option: Any) -> bool:
    origin = get_origin(strip(option)[0])
    return isinstance(origin, type) and issubclass(origin, Mapping | Sequence)


def holds(check: Any, made: Any) -> bool:
    """Tell whether a value is within a bound; a mark of another kind is not for us.

    No bound binds nothing (`None`), as with pydantic.
    """
    if made is None:
        return isinstance(check, Gt | Ge | Lt | Le | Check)
    if isinstance(check, Check):
        return _obeys(check, made)
    if isinstance(check, Gt):
        return bool(made > check.gt)
    if isinstance(check, Ge):
        return bool(made >= check.ge)
    if isinstance(check, Lt):
        return bool(made < check.lt)
    return isinstance(check, Le) and bool(made <= check.le)


def _obeys(check: Check, made: Any) -> bool:
    try:
        check.rule(made)
    except ValueError:
        return False
    return True
