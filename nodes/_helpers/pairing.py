"""How devices are asked for a token: what `flowctl pair` does."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from flowctl import Secret
from nodes._helpers.fields import pick, read_json
from nodes._helpers.homewizard_push import token_of
from nodes._helpers.homewizard_v2 import CURES, DEVICE, OURS, PLUG_IN, device, headers

BUTTON = "press the button of the device at {}; of a kWh meter for 1 to 3 seconds"
USER = "flowctl"  # a new token for the same name ends the old one
KINDS = {
    "HWE-P1": "p1dongle",
    "HWE-KWH1": "energymeter",
    "HWE-KWH3": "energymeter",
    PLUG_IN: "battery",
    "HWE-SKT": "energysocket",
    "HWE-WTR": "watermeter",
    "HWE-DSP": "display",
}
"""What the certificate of a product calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A device that let us in."""

    what: str
    token: Secret
    variable: str
    """A name for the token in an environment."""
    step: str
    """A step that speaks to it, as it stands in a flow; `VARIABLE` stands for the token."""


async def homewizard(
    address: str, *, ca: str = OURS, user: str = USER
) -> AsyncGenerator[str | Paired, None]:
    """Yield what a person must do, until its button was pressed; then how to speak to it.

    Raises:
        OSError: it does not answer, or is not what its certificate says.
    """
    async with device(address, ca, "") as link:
        async for token in token_of(link, user):
            if not token:
                yield BUTTON.format(address)
                continue
            secret = Secret(token)
            said = await link.get(DEVICE, headers=headers(secret), cures=CURES)
    try:
        identity = _identity(read_json(said))
        paired = _paired(address, secret, read_json(said), identity)
    except ValueError as why:
        raise OSError(f"{address}: {why}; is it a HomeWizard device with API v2?") from None
    if identity:  # it says who it is; its certificate must say so too
        async with device(address, ca, identity) as link:
            await link.get(DEVICE, headers=headers(secret), cures=CURES)
    yield paired


def _identity(said: Any) -> str:
    kind, serial = str(pick(said, "product_type")), str(pick(said, "serial"))
    return f"appliance/{KINDS[kind]}/{serial}" if kind in KINDS else ""


def _paired(address: str, token: Secret, said: Any, identity: str) -> Paired:
    battery = pick(said, "product_type") == PLUG_IN
    node, push = ("homewizard_battery", "") if battery else ("homewizard_v2", ", push: true")
    name = f", identity: {identity}" if identity else ""
    return Paired(
        what=f"{pick(said, 'product_name')} {pick(said, 'serial')}",
        token=token,
        variable="HOMEWIZARD_TOKEN",
        step=f'{node}: {{host: {address}, token: "${{VARIABLE}}"{push}{name}}}',
    )
