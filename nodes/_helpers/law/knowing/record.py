"""Records of many fields, some of which change with everything that is heard."""

from typing import Any, TypeVar

R = TypeVar("R", bound=type[tuple[Any, ...]])


def quick(record: R) -> R:
    """Let `_replace` of a named tuple look at what changes alone, and not at each of its fields.

    It does the same, in half the time: 0.5 us less, some five times a second for each battery.
    Without this decorator all works as well; to hear two batteries takes 54 us, in place of 52.
    """
    kind: Any = record
    place = {name: k for k, name in enumerate(kind._fields)}

    def replace(self: tuple[Any, ...], /, **changes: Any) -> Any:
        parts = [*self]
        for name, part in changes.items():
            parts[place[name]] = part
        return tuple.__new__(record, parts)

    kind._replace = replace
    return record
