"""Many edges that go or return for one reason: the first is told at once, the others together."""

import asyncio
import logging
from weakref import WeakKeyDictionary

MOMENT = 1.0  # s in which others may join
NAMED = 6  # edges that are named; of more, how many there are
Groups = dict[tuple[str, str, str], list[str]]
_groups: WeakKeyDictionary[asyncio.AbstractEventLoop, Groups] = WeakKeyDictionary()


def tell(log: logging.Logger, name: str, state: str, why: str = "") -> None:
    """Warn that an edge is `away` or `back`; of the same flow, reason and moment only the first."""
    loop = asyncio.get_running_loop()
    groups = _groups.setdefault(loop, {})
    key = (log.name.rpartition(".")[0] or log.name, state, why)
    if key not in groups:
        groups[key] = [name]
        loop.call_later(MOMENT, _tell_others, groups, key)
    elif name not in groups[key]:
        groups[key].append(name)
        return
    log.warning("%s is %s%s", name, state, f": {why}" if why else "")


def _tell_others(groups: Groups, key: tuple[str, str, str]) -> None:
    (flow, state, why), (_, *names) = key, groups.pop(key)
    if not names:
        return
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    shown = ", ".join(names[:NAMED]) + more
    verb, reason = "is" if len(names) == 1 else "are", ", for the same reason" if why else ""
    logging.getLogger(flow).warning("%s %s %s, too%s", shown, verb, state, reason)
