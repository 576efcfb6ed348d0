"""`flowctl discover`: what is in the network, and the step that speaks to it."""

import asyncio
import json
import sys
from typing import Annotated

from flowctl.signature.arguments import quantity
from flowctl.start.discover import EVERYBODY, Found, Search, finders, look

NOTHING = """\
nothing answered. Is this machine in the same network as the devices, and no guest network?
Many answer only when their local API is enabled in their app: HomeWizard, Marstek, Zendure.
What speaks at an MQTT broker is found with --broker mqtt://ADDRESS; docs/sources.md has others.
"""


def discover(
    kinds: Annotated[list[str] | None, "homewizard, marstek, mqtt, shelly; all by default"] = None,
    *,
    wait: Annotated[str, "how long to wait for answers"] = "3s",
    broker: Annotated[list[str] | None, "MQTT broker to listen to"] = None,
    broadcast: Annotated[str, "where broadcasts go"] = EVERYBODY,
    interface: Annotated[str, "own address of the network to search"] = "",
    json_: Annotated[bool, "for programs"] = False,
) -> int:
    """Search the network for meters and batteries; nothing is changed anywhere.

    Example: flowctl discover --broker mqtt://192.168.1.10
    """
    wanted = finders(kinds or ())
    search = Search(
        wait=quantity(wait, "s", "--wait"),
        interface=interface,
        broadcast=broadcast,
        brokers=tuple(broker or ()),
    )
    if sys.stderr.isatty():
        sys.stderr.write(f"searching for {search.wait:g} s ...\n")
    found, troubles = asyncio.run(look(search, wanted))
    for name, why in troubles.items():
        sys.stderr.write(f"flowctl: {name}: {why}\n")
    told = json.dumps([_plain(one) for one in found], ensure_ascii=False) + "\n"
    if json_ or len(troubles) < len(wanted):  # where nobody could be asked, nobody can answer
        sys.stdout.write(told if json_ else _shown(found))
    return 1 if troubles and not found else 0


def _plain(one: Found) -> dict[str, str]:
    return {"what": one.what, "address": one.address, "step": one.step, "about": one.about}


def _shown(found: list[Found]) -> str:
    if not found:
        return NOTHING
    wide, far = (max(len(getattr(one, name)) for one in found) for name in ("what", "address"))
    lines = []
    for one in found:
        lines.append(f"{one.what:{wide}}  {one.address:{far}}  {one.about}".rstrip())
        lines += [f"    - {one.step}"] if one.step else []
    return "\n".join(lines) + "\n"
