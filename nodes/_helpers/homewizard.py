"""HomeWizard meters in the network.

Source: api-documentation.homewizard.com, discovery: `_hwenergy._tcp` (API v1), TXT `product_type`,
`product_name`, `serial`, `api_enabled`; `_homewizard._tcp` (API v2), port 443, `id` as in the
certificate.
"""

from nodes._helpers.mdns import Service, browse

KIND, NEWER = "_hwenergy._tcp", "_homewizard._tcp"
P1 = "HWE-P1"
AUTO = "auto"
WAIT = 3.0  # s for answers
ENABLE = "enable the local API in the HomeWizard app: Settings, Meters, your meter, Local API"


async def devices(wait: float, interface: str = "", *more: str) -> list[Service]:
    """Return every HomeWizard device that answers; those of API v2 are of another kind, `NEWER`.

    Raises:
        OSError: nobody can be asked.
    """
    return await browse(KIND, *more, wait=wait, interface=interface)


async def only_p1(interface: str = "") -> str:
    """Return the address of the only P1 meter in the network.

    Raises:
        OSError: there is none, or more than one.
    """
    found = [one for one in await devices(WAIT, interface) if one.text.get("product_type") == P1]
    if not found:
        raise OSError("no HomeWizard P1 meter answers in this network; write its address as host")
    if len(found) > 1:
        known = ", ".join(f"{one.address} ({one.text.get('serial', one.name)})" for one in found)
        raise OSError(f"there is more than one P1 meter: {known}; write one of them as host")
    return found[0].address
