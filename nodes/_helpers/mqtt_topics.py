"""Topic filters of MQTT: which topics they match, and which filter covers another."""

from typing import Annotated

from flowctl import Check
from nodes._helpers.hosts import or_empty

SINGLE, REST = "+", "#"
LONGEST = 65535  # bytes of a topic (MQTT 3.1.1, 1.5.3)


def check_filter(pattern: str) -> str:
    """Return a topic filter that is well formed.

    Raises:
        ValueError: it is empty, or a wildcard stands where none may.
    """
    levels = pattern.split("/")
    inside = any(sign in level and level != sign for level in levels for sign in (SINGLE, REST))
    if not pattern or "\0" in pattern or inside or REST in levels[:-1]:
        cure = "'+' stands for one whole level, '#' for all the rest"
        raise ValueError(f"'{pattern}' is not a topic filter; {cure}")
    return pattern


def check_topic(topic: str) -> str:
    """Return a topic that may be published to.

    Raises:
        ValueError: it is empty, or holds a wildcard.
    """
    if not topic or any(sign in topic for sign in (SINGLE, REST, "\0")):
        raise ValueError(f"'{topic}' is not a topic to publish to; give one without '+' and '#'")
    if "{" in topic or "}" in topic:
        raise ValueError(f"'{topic}': nothing is filled into a topic; a var is written ${{NAME}}")
    if len(topic.encode()) > LONGEST:
        raise ValueError(f"a topic of {len(topic)} characters is too long")
    return topic


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a topic is among those of a filter; `$SYS` and its like only by name."""
    wild = pattern[:1] in (SINGLE, REST) and topic[:1] == "$"
    return not wild and covers(pattern, topic)


def covers(wide: str, narrow: str) -> bool:
    """Tell whether all that the narrow filter matches is matched by the wide one."""
    many, few = wide.split("/"), narrow.split("/")
    for index, level in enumerate(many):
        if level == REST:
            return True
        if index == len(few) or few[index] == REST or level not in (SINGLE, few[index]):
            return False
    return len(many) == len(few)


def widest(patterns: set[str]) -> set[str]:
    """Leave out the filters that another one covers: the broker then sends nothing twice."""
    wild = [pattern for pattern in patterns if SINGLE in pattern or REST in pattern]
    return {one for one in patterns if not any(two != one and matches(two, one) for two in wild)}


Topic = Annotated[str, Check(check_topic)]
MaybeTopic = Annotated[str, Check(or_empty(check_topic))]
Filter = Annotated[str, Check(check_filter)]
