"""What `check` finds in a flow, one line each."""

from pathlib import Path

from flowctl import FlowError
from flowctl.language.check import load

UNREAD = "W401"  # a stream that nobody reads: the flows of these tests end anywhere


def found(text: str, folder: Path | None = None) -> list[str]:
    """Return all faults, or else warnings, as `line:column code where: message; cure`."""
    try:
        faults = load(text, env={}, beside=folder).warnings
    except FlowError as error:
        faults = error.faults
    return [
        f"{fault.mark.line}:{fault.mark.column} {fault.code} {fault.where}: "
        f"{fault.message}; {fault.cure}"
        for fault in faults
        if fault.code != UNREAD
    ]
