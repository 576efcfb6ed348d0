"""The states of one entity in an export of Home Assistant's history."""

import re
from collections.abc import Iterator
from typing import Any

ENTITY, STATE, CHANGED = "entity_id", "state", "last_changed"
FACTOR = re.compile(r"(-?)(?:(\d+\.?\d*|\.\d+)\s*\*\s*)?(.+)\Z")  # 1000*power, -power
SOME = 8  # names that an error lists


def one_entity(rows: Iterator[dict[str, Any]], column: str) -> Iterator[dict[str, Any]]:
    """Pass rows; of an export only those of the entity that a `column` names, as a table of it.

    Raises:
        ValueError: the export holds others only.
    """
    named = FACTOR.match(column)
    wanted, others, known = named[3] if named else "", set[str](), False
    for row in rows:
        if not row.keys() >= {ENTITY, STATE, CHANGED}:
            yield row
        elif row[ENTITY] == wanted:
            known = True
            yield {CHANGED: row[CHANGED], wanted: row[STATE]}
        else:
            others.add(str(row[ENTITY]))
    if others and not known:
        said = f"no entity {wanted}" if wanted else "holds entities, and says not which is meant"
        raise ValueError(f"{said}; it has {', '.join(sorted(others)[:SOME])}")
