"""Records of many fields, some of which change with everything that is heard."""

from typing import Any, TypeVar

R = TypeVar("R", bound=type[tuple[Any, ...]])


def quick(record: R) -> R:
    """Let `_replace` of a named tuple look at what changes alone, in half the time."""
    kind: Any = record
    place = {name: k for k, name in enumerate(kind._fields)}

    def replace(self: tuple[Any, ...], /, **changes: Any) -> Any:
        parts = [*self]
        for name, part in changes.items():
            parts[place[name]] = part
        return tuple.__new__(record, parts)

    kind._replace = replace
    return record
