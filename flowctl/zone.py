"""The time zone of this machine, by name."""

import os
import time
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCALTIME, TIMEZONE = Path("/etc/localtime"), Path("/etc/timezone")  # Debian writes both

SELF_EVIDENT = ("", "UTC", "GMT", "Z")  # they need no file of zones


def own_zone() -> str:
    """Return a name such as `Europe/Berlin`; empty where the machine does not tell one."""
    if told := os.environ.get("TZ"):
        return _known(told.removeprefix(":"))
    _, _, name = str(LOCALTIME.resolve()).partition("zoneinfo/")
    return _known(name) or _known(_written())


def strange_zone() -> str:
    """Return what TZ says if that is no zone: the system then takes it for UTC, without a word."""
    told = os.environ.get("TZ", "").removeprefix(":")
    by_rule = any(letter.isdigit() for letter in told)  # `CET-1CEST`: no name, but a zone
    is_file = told.startswith("/") and Path(told).exists()
    return "" if told in SELF_EVIDENT or by_rule or is_file or _known(told) else told


def here() -> tzinfo:
    """Return the zone that calendars of this process go by; UTC where it has no name."""
    name = own_zone()
    return ZoneInfo(name) if name else UTC


def live_in(name: str) -> None:
    """Let this process live in a zone: calendars then are those of the house that was recorded."""
    if _known(name) and name != own_zone():
        os.environ["TZ"] = name
        time.tzset()


def _written() -> str:
    try:
        return TIMEZONE.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _known(name: str) -> str:
    try:
        return ZoneInfo(name).key if name else ""
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
