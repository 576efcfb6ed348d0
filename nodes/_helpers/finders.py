"""Who is in the network, and the step that would speak to each: what `flowctl discover` asks."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from flowctl import Secret
from nodes._helpers import homewizard as hw
from nodes._helpers.homewizard_v2 import PLUG_IN
from nodes._helpers.marstek_api import PORT
from nodes._helpers.marstek_session import Found as Battery
from nodes._helpers.marstek_session import find
from nodes._helpers.mdns import Service, browse
from nodes._helpers.mqtt import mqtt as mqtt_link
from nodes._helpers.mqtt_address import read_address
from nodes._helpers.mqtt_devices import Heard, recognise
from nodes._helpers.udp import find_address

ALL = "#"
GEN1, SHELLY, BROKER = "_http._tcp", "_shelly._tcp", "_mqtt._tcp"
HOMEWIZARD_METERS = ("HWE-P1", "HWE-KWH1", "HWE-KWH3", "SDM230-wifi", "SDM630-wifi", "HWE-SKT")


class Search(Protocol):
    """How to search."""

    @property
    def wait(self) -> float:
        """Seconds for answers."""

    @property
    def interface(self) -> str:
        """Own address of the network to search; all, if empty."""

    @property
    def broadcast(self) -> str:
        """Where datagrams to everybody go."""

    @property
    def brokers(self) -> Sequence[str]:
        """MQTT brokers to listen to, beside those that announce themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Something that answered."""

    what: str
    address: str
    step: str
    """A step that speaks to it, as it stands in a flow; empty where there is none."""
    about: str = ""


async def homewizard(search: Search) -> list[Found]:
    """Find HomeWizard meters, sockets and the like by mDNS.

    Raises:
        OSError: nobody can be asked.
    """
    found = await hw.devices(search.wait, search.interface, hw.NEWER)
    return [_homewizard_v2(one) if one.kind == hw.NEWER else _homewizard(one) for one in found]


async def marstek(search: Search) -> list[Found]:
    """Find Marstek batteries whose local API is enabled, by a broadcast.

    Raises:
        OSError: nothing can be sent.
    """
    where, port = await find_address(search.broadcast, PORT)
    ways = (find(where, port, wait=search.wait, local=local) for local in (0, port))
    found, of_old = await asyncio.gather(*ways, return_exceptions=True)
    if isinstance(found, BaseException):
        raise found
    more = [] if isinstance(of_old, BaseException) else of_old  # a flow may have that port
    return [_marstek(one) for one in {one.address: one for one in (*found, *more)}.values()]


async def shelly(search: Search) -> list[Found]:
    """Find Shelly devices of all generations by mDNS.

    Raises:
        OSError: nobody can be asked.
    """
    services = await browse(SHELLY, GEN1, wait=search.wait, interface=search.interface)
    newer = [one for one in services if one.kind == SHELLY]
    there = {one.host for one in newer}
    older = [one for one in services if one.kind == GEN1 and one.name.lower().startswith("shelly")]
    return [_shelly(one) for one in (*newer, *(one for one in older if one.host not in there))]


async def mqtt(search: Search) -> list[Found]:
    """Find brokers by mDNS, and on them the devices whose topics are known.

    Raises:
        OSError: a broker that was named does not answer.
    """
    named = (_on_broker(broker, search.wait) for broker in search.brokers)
    answers = await asyncio.gather(_announced(search), *named)
    return [one for answer in answers for one in answer]


async def _announced(search: Search) -> list[Found]:
    """Find the brokers that announce themselves; with others named, none need be."""
    try:
        services = await browse(BROKER, wait=search.wait, interface=search.interface)
    except OSError:
        if not search.brokers:
            raise
        return []
    return [
        Found(what="MQTT broker", address=f"mqtt://{s.host}:{s.port}", step="") for s in services
    ]


async def _on_broker(broker: str, wait: float) -> list[Found]:
    address = read_address(broker)
    shown = f"mqtt{'s' * address.tls}://{address}"
    devices = recognise(await _listen(broker, wait))
    return [
        Found(
            what=one.what,
            address=shown,
            step=one.step.replace("BROKER", shown),
            about=one.topic,
        )
        for one in devices
    ]


async def _listen(broker: str, wait: float) -> Iterable[Heard]:
    """Hear what is said on a broker for a while; the newest of each topic."""
    heard: dict[str, Heard] = {}

    async def hear() -> None:
        async for message in link.hear(ALL):
            heard[message.topic] = Heard(message.topic, message.payload)

    async with mqtt_link(Secret(_without_status(broker))) as link:
        listening = asyncio.create_task(hear())
        await asyncio.wait({listening}, timeout=wait)
        listening.cancel()
        await asyncio.wait({listening})
    return heard.values()


def _without_status(broker: str) -> str:
    """Say on no topic that we are there: who only listens is not there."""
    return f"{broker}{'&' if '?' in broker else '?'}status="


def _homewizard(one: Service) -> Found:
    kind, name = one.text.get("product_type", ""), one.text.get("product_name", one.name)
    step = f"homewizard_p1: {{host: {one.address}}}" if kind in HOMEWIZARD_METERS else ""
    about = f"{kind} {one.text.get('serial', '')}".strip()
    if one.text.get("api_enabled") == "0":
        about = f"{about}; {hw.ENABLE}"
    return Found(what=f"HomeWizard {name}", address=one.address, step=step, about=about)


def _homewizard_v2(one: Service) -> Found:
    kind, name = one.text.get("product_type", ""), one.text.get("product_name", one.name)
    host = one.host if one.port == 443 else one.address
    node = "homewizard_battery" if kind == PLUG_IN else "homewizard_v2"
    identity = f", identity: {one.text['id']}" if one.text.get("id") else ""
    told = f'{{host: {host}, token: "${{HOMEWIZARD_TOKEN}}"{identity}}}'
    return Found(
        what=f"HomeWizard {name}, API v2",
        address=host,
        step=f"{node}: {told}" if kind in (*HOMEWIZARD_METERS[:3], PLUG_IN) else "",
        about=f"{kind} {one.text.get('serial', '')}; its token: flowctl pair homewizard {host}",
    )


def _marstek(one: Battery) -> Found:
    host, port = one.address
    address = host if port == PORT else f"{host}:{port}"
    return Found(
        what=f"Marstek {one.device.name}",
        address=address,
        step=f"marstek_udp: {{host: {address}}}",
        about=f"firmware {one.device.firmware} {one.device.mac}".strip(),
    )


def _shelly(one: Service) -> Found:
    model = one.text.get("app", "") or one.name.rpartition("-")[0]
    return Found(
        what=f"Shelly {model.removeprefix('shelly')}",
        address=one.address,
        step=_shelly_step(model, one.address),
        about=f"{one.name} {one.text.get('ver', '')}".strip(),
    )


def _shelly_step(model: str, address: str) -> str:
    """Choose a step by the model: a meter, or a plug or relay that measures.

    Source: shelly-api-docs.shelly.cloud: EM, EM1, Switch, PM1; Gen1 EM and 3EM. Those with two
    clamps must be told which one is at the grid.
    """
    word = model.lower().removeprefix("shelly")
    if word in ("em3", "3em", "em"):
        return f"shelly: {{host: {address}{', clamp: a' * (word == 'em')}}}"
    if "3em" in word:
        return f"shelly: {{host: {address}, push: true}}"
    if "em" in word:
        return f"shelly: {{host: {address}, push: true, clamp: a}}"
    if word.startswith(("plus", "pro", "mini", "plug", "s")) and ("pm" in word or "plug" in word):
        url = f"http://{address}/rpc/Switch.GetStatus?id=0"
        return f"http_get: {{url: '{url}', field: apower, every: 1s, unit: W}}"
    return ""
