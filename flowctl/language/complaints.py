"""What pydantic found wrong with a setting, in plain words."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin

from flowctl import units
from flowctl.faults import nearest
from flowctl.secret import Secret
from flowctl.signature.hints import is_union, strip
from flowctl.signature.node import Setting

if TYPE_CHECKING:
    from pydantic import ValidationError

Told = tuple[tuple[Any, ...], str, str]
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
    "multiple_of": ("multiple_of", "a multiple of"),
}
OTHER_FORM = ("literal_error", "_type")
"""What is said of all of a list or mapping where it may also be one value: what is in it counts."""
_KINDS = {
    "float": "a number", "int": "a whole number", "decimal": "a number", "bool": "true or false",
    "string": "a text", "list": "a list", "tuple": "a list", "set": "a list",
    "frozen_set": "a list", "dict": "a mapping", "mapping": "a mapping", "none": "nothing",
    "date": "a date, e.g. 2026-01-31", "time": "a time of day, e.g. '07:30'",
    "datetime": "a date with a time", "sequence": "a list", "iterable": "a list",
    "model": "a mapping", "dataclass": "a mapping", "bytes": "a text", "url": "an address",
    "path": "the path of a file",
}  # fmt: skip


def complaints(setting: Setting, value: Any, error: "ValidationError") -> Iterator[Told]:
    """Yield path, message and cure of each thing wrong, one per place."""
    seen: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    found = [(_path(value, item["loc"]), item) for item in error.errors(include_url=False)]
    deep = any(path for path, _ in found)
    for path, item in found:
        if _meant_otherwise(setting, value, path, item["type"]):
            continue
        if deep and not path and item["type"].endswith(OTHER_FORM):
            continue
        told = _words(setting, dict(item))
        if told not in seen.setdefault(path, []):
            seen[path].append(told)
    for path, all_told in seen.items():
        said = ", or ".join(message for message, _ in all_told)
        cure = next((cure for _, cure in all_told if cure), "")
        name = ".".join(map(str, (setting.name, *path)))
        yield path, f"{name}: {said}", cure


def _meant_otherwise(setting: Setting, value: Any, path: tuple[Any, ...], kind: str) -> bool:
    """Tell whether this is said of the other form: a number for all, or numbers by name."""
    bare = strip(setting.annotation)[0]
    forms = get_args(bare) if is_union(bare) else ()
    if path or setting.unit is None or Mapping not in [get_origin(strip(f)[0]) for f in forms]:
        return False
    return (
        kind == "value_error" if isinstance(value, dict) else kind in ("mapping_type", "dict_type")
    )


def _path(value: Any, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """The part of pydantic's path that is in the YAML: it inserts names of union branches."""
    path: list[Any] = []
    for part in loc:
        known = range(len(value)) if isinstance(value, list) else value
        if isinstance(value, dict | list) and part in known:
            path.append(part)
            value = value[part]
    return tuple(path)


def _words(setting: Setting, item: dict[str, Any]) -> tuple[str, str]:
    kind, about = item["type"], item.get("ctx", {})
    shown = _shown(setting, item.get("input"))
    if kind in _BOUNDS:
        return _bound(kind, about, _unit_inside(setting)), _reason(setting, about)
    if kind in ("literal_error", "enum"):
        return _choices(shown, item.get("input"), str(about.get("expected", "")))
    if kind in ("value_error", "assertion_error"):
        message, _, cure = str(about.get("error", item["msg"])).partition("; ")
        return message, cure
    if kind in ("missing", "extra_forbidden", "unexpected_keyword_argument"):
        what = "is missing" if kind == "missing" else "is not known"
        return f"'{item['loc'][-1]}' {what}", ""
    return _sized(kind, about, shown) or _of_kind(kind, shown, item["msg"])


def _unit_inside(setting: Setting) -> str | None:
    """The unit of a setting's numbers, be they in a list; `None` where there are several."""
    symbols = {mark.symbol for mark in _parts(setting.annotation) if isinstance(mark, units.Unit)}
    return symbols.pop() if len(symbols) == 1 else None


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(inner for part in get_args(annotation) for inner in _parts(part))]


def _bound(kind: str, about: dict[str, Any], unit: str | None) -> str:
    key, words = _BOUNDS[kind]
    limit, own = about[key], None if unit and unit.startswith(units.ANY_UNIT) else unit
    shown = units.show(float(limit), own) if isinstance(limit, int | float) else str(limit)
    return f"must be {words} {shown}"


def _reason(setting: Setting, about: dict[str, Any]) -> str:
    """Why there is a least time, from the sentence of the setting."""
    is_least = setting.unit == "s" and about.get("ge")
    return setting.about.partition("; ")[2] if is_least else ""


def _sized(kind: str, about: dict[str, Any], shown: str) -> tuple[str, str] | None:
    if kind.endswith("too_short"):
        return f"must hold at least {about['min_length']}", ""
    if kind.endswith("too_long"):
        return f"must hold at most {about['max_length']}", ""
    if kind == "string_pattern_mismatch":
        return f"{shown} is not of the form {about['pattern']}", ""
    return None


def _of_kind(kind: str, shown: str, message: str) -> tuple[str, str]:
    if kind == "finite_number":
        return f"{shown} is not a finite number", ""
    if kind == "int_from_float":
        return f"{shown} is not a whole number", ""
    if message.endswith("instance of Sequence"):
        return f"{shown} is not a list", ""
    for begin, words in _KINDS.items():
        if kind.startswith(begin + "_"):
            cure = "put it in quotes" if begin == "string" and "'" not in shown else ""
            return f"{shown} is not {words}", cure
    return message.replace("Input should be", "must be").replace("Input", shown), ""


def _choices(shown: str, given: Any, expected: str) -> tuple[str, str]:
    listed = expected.replace(" or ", ", ").split(", ")
    known = [choice.strip("'") for choice in listed]
    cure = nearest(given, known) if isinstance(given, str) else ""
    return f"{shown} is not one of {', '.join(known)}", cure


def _shown(setting: Setting, value: Any) -> str:
    if mentions(setting.annotation, Secret):
        return "the secret"
    if isinstance(value, str):
        return f"'{value[:60]}'"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    words = {True: "true", False: "false", None: "nothing"}
    return words[value] if value is None or isinstance(value, bool) else f"{value}"


def mentions(annotation: Any, wanted: type) -> bool:
    """Tell whether a type stands anywhere inside an annotation."""
    return any(part is wanted for part in _parts(annotation))
