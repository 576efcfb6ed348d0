"""Say here, in one line, which battery this steers, and how it is reached."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

from flowctl import Battery, Gt, Latest, Release, Seconds, Watts


async def my_node(
    # A box of one with what the battery is to do. Limits, leases and dead bands are not your
    # concern: flowctl holds them for every device.
    setpoint: Latest[Watts | Release],
    *,
    # The settings: type, limits and one sentence; the flow file is checked by them.
    folder: Annotated[
        str, "folder of the battery: a file `setpoint` to write, one `power` to read"
    ],
    poll: Annotated[Seconds, Gt(0), "time between two questions"] = 2.0,
) -> AsyncIterator[Battery]:
    """Steer a battery by two files; one record per acceptance and per `poll`.

    The first line is the summary of the page that `flowctl nodes my_node` shows.
    Inside flowctl discharging is positive. This battery counts charging as positive, in watts.

    Source: say here where each register, field and sign comes from.
    """
    wanted, power = Path(folder) / "setpoint", Path(folder) / "power"
    try:
        async for command in setpoint.or_every(poll):
            if command is None:  # nothing new to do: ask how it is
                yield Battery(power=-float(power.read_text()))
            elif isinstance(command, Release):  # give the battery back to itself
                wanted.unlink(missing_ok=True)
            else:
                wanted.write_text(f"{-command:.0f}\n")
                yield Battery(setpoint=command)  # at once: it has been accepted
    finally:
        wanted.unlink(missing_ok=True)  # however this ends, the battery is given back
