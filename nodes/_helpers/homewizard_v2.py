"""API v2 of HomeWizard meters and batteries: who they are, what is asked, what they tell.

Source: api-documentation.homewizard.com, API v2: Authorization (token, button, certificates),
Measurement, Batteries, WebSocket; `homewizard-ca-cert.pem` there.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Literal

from flowctl import Battery, Secret, Watts
from nodes._helpers.fields import number, pick
from nodes._helpers.http import Http, http

DEVICE, MEASUREMENT, BATTERIES = "/api", "/api/measurement", "/api/batteries"
PLUG_IN = "HWE-BAT"
TOKEN = "`flowctl pair homewizard ADDRESS` makes one"
CURES = {
    401: f"the token is not known to it; {TOKEN}",
    403: f"the token may not do that; {TOKEN}",
    404: "is this the address of a HomeWizard device with API v2, and its firmware new enough?",
}
OURS, ANY = "homewizard", "none"
Word = Literal["zero", "charge_only", "discharge_only", "standby", "to_full", "predictive"]
MODES: Mapping[str, tuple[str, tuple[str, ...] | None]] = {
    "zero": ("zero", ("charge_allowed", "discharge_allowed")),
    "charge_only": ("zero", ("charge_allowed",)),
    "discharge_only": ("zero", ("discharge_allowed",)),
    "standby": ("standby", None),
    "to_full": ("to_full", None),
    "predictive": ("predictive", None),
}
"""What a group of batteries can be told: its mode, and its permissions where they go with it."""
AUTHORITY = """-----BEGIN CERTIFICATE-----
MIIDITCCAgkCFDn7cwYLioTM3VxdAygLl/Px9ovFMA0GCSqGSIb3DQEBCwUAME0x
CzAJBgNVBAYTAk5MMQswCQYDVQQIDAJaSDETMBEGA1UECgwKSG9tZVdpemFyZDEc
MBoGA1UEAwwTQXBwbGlhbmNlIEFjY2VzcyBDQTAeFw0yMTEyMTgxOTEyMTJaFw0z
MTEyMTYxOTEyMTJaME0xCzAJBgNVBAYTAk5MMQswCQYDVQQIDAJaSDETMBEGA1UE
CgwKSG9tZVdpemFyZDEcMBoGA1UEAwwTQXBwbGlhbmNlIEFjY2VzcyBDQTCCASIw
DQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAPBIvW8NRffqdvzHZY0M32fQHiGm
pJgNGhiaQmpJfRDhT9yihM0S/hYcN8IqnfrMqoCQb/56Ub0+dZizmtfcGsE+Lpm1
K1znkWqSDlpnuTNOb70TrsxBmbFuNOZQEi/xOjzT2j98wT0GSfxz1RVq6lZhDRRz
xoe08+Xo4+ttUGanfOggJi0BXygeFEVBpbctVVJ9EgqeEE9itjcMlcxMe1QN14f8
hCcOnId+9PSsdmyUCLrTB0FVYrbNfbJPk/vMU57fu6swBjWhYBxPx9ZhFy+7WnPR
9BFg4seHNVQIqZNrf1YwBXlmZQIL32SRPaiH/+AVNMrYGXBvncY0Km6ZHIMCAwEA
ATANBgkqhkiG9w0BAQsFAAOCAQEA6ybM8xm0PCXg8Rr/q0v1vPxQy44PmwXTDj0e
r2vW4ZMiEwXZCp0Kk2K16KJYz4iJyfiQk8ikAIMiRSbyXzmyQ7XmL1O4l4d8E1Pg
8EImvcyoBxFhd0Lq7VKriLc8Bw8SXbahPMGT+Y8Yz0uIsLAYVwlkLfgppVPmBaLD
QautcQnI8WxPvCIQf5anyzgAyJC5ac6/CkB+iyPcuWcG3RMYvXnC0QoTlRa5YMlE
FweVDlT2C/MdDyOxiAD/H1EP/eaySnU0zsxyD0yNFRKsQfQ+UJEPd2GS1AGA1lTy
CGdyYj/Gghrusw0hM4rYXQSERWGF0mpEnuJ+7bHDolHu0rzgTQ==
-----END CERTIFICATE-----
"""


def device(host: str, ca: str, identity: str) -> AbstractAsyncContextManager[Http]:
    """Join the session to a device, its certificate checked as far as is known what it must be.

    Raises:
        OSError: the file of the authority cannot be read.
        ValueError: the address is none, or nobody can vouch for the identity.
    """
    authority = {OURS: AUTHORITY, ANY: ""}.get(ca, ca)
    return http(host if "://" in host else f"https://{host}", ca=authority, name=identity)


def headers(token: Secret | None = None) -> Mapping[str, Secret]:
    """Say which version is spoken, and who asks."""
    version = {"X-Api-Version": Secret("2")}
    return version | {"Authorization": Secret(f"Bearer {token.reveal()}")} if token else version


def grid_power(said: Any) -> Watts:
    """Read the power of a measurement, + import.

    Raises:
        ValueError: it tells none.
    """
    return number(pick(said, "power_w"))


def plug_in(said: Any) -> Battery:
    """Read the measurement of a plug-in battery: `power_w` is + charging.

    Raises:
        ValueError: it tells no power.
    """
    told = Battery(power=-number(pick(said, "power_w")) + 0.0, self_regulating=True)
    return replace(
        told,
        soc=_known(said, "state_of_charge_pct"),
        charged=_known(said, "energy_import_kwh", 1000.0),
        discharged=_known(said, "energy_export_kwh", 1000.0),
    )


def group(said: Any) -> Battery:
    """Read what a meter tells of the batteries it steers: `power_w` is + charging.

    Raises:
        ValueError: it tells no power and no mode.
    """
    mode = pick(said, "mode")
    if not isinstance(mode, str):
        raise ValueError("a mode that is not text")
    return Battery(
        power=-number(pick(said, "power_w")) + 0.0,
        max_charge=_known(said, "max_consumption_w"),
        max_discharge=_known(said, "max_production_w"),
        mode=_word(mode, said.get("permissions")),
        self_regulating=mode != "standby",
    )


def order(word: str, permits: bool) -> Mapping[str, Any]:
    """Make what a group is told; a firmware without permissions knows only modes.

    Raises:
        ValueError: there is no such word, or it needs permissions.
    """
    if word not in MODES:
        raise ValueError(f"'{word}' is not one of {', '.join(MODES)}")
    mode, permissions = MODES[word]
    if permissions is None or (word == "zero" and not permits):
        return {"mode": mode}
    if not permits:
        cause = "it does not know permissions"
        raise ValueError(f"'{word}' needs a newer firmware of the meter: {cause}")
    return {"mode": mode, "permissions": permissions}


def _known(said: Any, field: str, factor: float = 1.0) -> float | None:
    return number(said[field]) * factor if said.get(field) is not None else None


def _word(mode: str, permissions: Any) -> str:
    there = set(map(str, permissions)) if isinstance(permissions, list) else None
    fitting = (word for word, (of, those) in MODES.items() if of == mode and those)
    return next((word for word in fitting if set(MODES[word][1] or ()) == there), mode)
