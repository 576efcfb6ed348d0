"""Which device or place a step means, however its address is written."""

import re
from typing import Any

from flowctl.language.drafts import Draft
from flowctl.marks import UsualPort

ADDRESS = (
    "host", "port", "device", "unit", "topic", "broker", "address", "url", "path", "id", "mac",
    "serial", "prefix", "name", "register", "labels", "measurement", "tags", "on",
)  # fmt: skip
"""Settings that say which device a step means; `on`: relays may share a topic, each its words."""
HOSTS = ("host", "url", "broker")
PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
HERE = "127.0.0.1"
_HOST = re.compile(r"(?:(\w+)://)?(?:[^/@]*@)?(\[[^\]]*\]|[^/:\[]+)(?::(\d+))?(/.*)?")


def address(draft: Draft) -> Any:
    """Return what two steps share that mean the same device; `None` where it is not said."""
    if draft.settings.get("host") == "" or draft.settings.get("event") is True:
        return None  # a place kept for a device that may come; events do not overwrite each other
    told = {name: draft.settings[name] for name in ADDRESS if name in draft.settings}
    unread = draft.written.keys() - draft.settings.keys()
    if unread & set(ADDRESS) or not any(name in draft.written for name in told):
        return None
    for name in HOSTS:
        if isinstance(told.get(name), str):
            usual = _usual(draft, name)
            port = told.pop(usual, None) if isinstance(usual, str) else usual
            told[name] = _plainly(told[name], port)
    return draft.node, repr(sorted(told.items(), key=lambda item: item[0]))


def host(draft: Draft) -> tuple[str, bool]:
    """Return the host that a step talks to, and whether its port is written; this one has none."""
    found = (
        _HOST.fullmatch(str(draft.settings.get("host") or "")) if "host" in draft.written else None
    )
    name = _named(found[2]) if found else HERE
    return ("", False) if name == HERE else (name, bool(found and found[3]))


def _usual(draft: Draft, name: str) -> int | str | None:
    mark = draft.spec.settings[name].mark(UsualPort) if draft.spec else None
    return mark.port if mark else None


def _plainly(text: str, usual: Any) -> str:
    """Write an address in one way: names in small letters, the port always there."""
    found = _HOST.fullmatch(text)
    if not found:
        return text
    scheme, name, port, path = found.groups()
    return f"{_named(name)}:{port or PORTS.get(scheme, usual)}{(path or '').rstrip('/')}"


def _named(host: str) -> str:
    return HERE if host.lower() in ("localhost", "[::1]") else host.lower()
