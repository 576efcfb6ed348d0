"""A conversation with one Marstek battery over its local UDP API, and a search for all."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from flowctl import Battery, Log
from nodes._helpers import marstek_api as api
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.refused import RefusedError
from nodes._helpers.udp import EVERYWHERE, Address, Port, find_address, read_object, udp

REST = 0.3  # s between two questions: the API answers one at a time
PAUSE = 1.0  # s after a refused command, then twice as long: the battery is busy
TRIES = 3
UNKNOWN_METHOD = -32601
QUESTIONS: Mapping[str, Mapping[str, Any]] = {"Marstek.GetDevice": {"ble_mac": "0"}}
ENABLE = "is the local API enabled in the Marstek app, and on this port?"


@dataclass(frozen=True, slots=True)
class Found:
    """A battery that answered a search."""

    address: Address
    device: api.Device


@dataclass
class Session:
    """Asks one battery; what its firmware does not know is not asked again."""

    port: Port
    peer: Address
    patience: float
    nonsense: Nonsense
    log: Log
    via: Address | None = None
    """Where questions go, never commands: firmware 153 of E v2 hears only broadcasts."""
    device: api.Device = field(default_factory=api.Device)
    scale: api.Scale = field(default_factory=api.Scale)
    tries: int = TRIES
    """How often a question goes out that must be answered; a poll goes out once."""
    _missing: set[str] = field(default_factory=set)
    _silent: int = 0

    async def introduce(self) -> Battery:
        """Hear what it is and how its numbers are scaled; the first answer must come.

        Raises:
            OSError: it does not answer.
        """
        try:
            self.device = api.read_device(await self._known("Marstek.GetDevice"))
        except TimeoutError as error:
            raise TimeoutError(f"{error}; {ENABLE}") from None
        about: Any = None
        with suppress(TimeoutError):
            about = await self._known("Bat.GetStatus")
        self.scale = api.scale_of(self.device, about if isinstance(about, Mapping) else {})
        return self._told(*api.read_battery(about, self.scale)) if about else Battery(online=True)

    async def status(self, *, mode: bool = False) -> Battery:
        """Poll it once. Where ES.GetStatus is missing, Bat.GetStatus tells at least the charge.

        Raises:
            OSError: it does not answer.
        """
        battery = await self._status()
        return battery.after(await self.told_mode()) if mode else battery

    async def told_mode(self) -> Battery:
        """Hear what mode it is in; nothing where its firmware cannot tell.

        Raises:
            OSError: it does not answer.
        """
        known = "ES.GetMode" not in self._missing
        told = await self._known("ES.GetMode", tries=1) if known else None
        return self._told(*api.read_mode(told)) if told else Battery()

    async def set_mode(self, config: Mapping[str, Any], *, tries: int = TRIES) -> bool:
        """Command it, again if it is busy; tell whether it took the command.

        Raises:
            OSError: it does not answer, or does not know the command.
        """
        pause, params = PAUSE, {"id": 0, "config": config}
        for attempt in range(tries):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            result = await self._ask("ES.SetMode", params, tries=self.tries)
            if isinstance(result, Mapping) and result.get("set_result", True) is True:
                return True
        return False

    async def mode(self) -> Any:
        """Ask for its mode, charge and power: what ES.GetMode says, as it says it.

        Raises:
            OSError: it does not answer.
        """
        return await self._known("ES.GetMode")

    async def is_own(self) -> bool:
        """Ask whether it is its own again; firmware that cannot tell is believed."""
        if "ES.GetMode" in self._missing:
            return True
        try:
            mode = api.Reader(await self._known("ES.GetMode", tries=1)).mode()
        except OSError:
            return True
        return mode is None or mode in api.OWN_MODES

    async def _status(self) -> Battery:
        if "ES.GetStatus" not in self._missing:
            try:
                told = await self._known("ES.GetStatus", tries=1)
            except TimeoutError:
                return await self._charge()
            self._silent = 0
            if told is not None:
                return self._told(*api.read_status(told, self.scale))
        return self._told(*api.read_battery(await self._known("Bat.GetStatus"), self.scale))

    async def _charge(self) -> Battery:
        """Look whether only ES.GetStatus is dead (E v3, firmware 137 and 139); then do without."""
        battery = self._told(*api.read_battery(await self._known("Bat.GetStatus"), self.scale))
        self._silent += 1
        if self._silent == TRIES:
            self._miss("ES.GetStatus")
        return battery

    async def _known(self, method: str, *, tries: int = 0) -> Any:
        """Ask for something it tells; nothing, if the firmware does not know the method."""
        params = QUESTIONS.get(method, {"id": 0})
        try:
            return await self._ask(method, params, tries=tries or self.tries, via=self.via)
        except RefusedError as error:
            if error.code != UNKNOWN_METHOD:
                raise
            self._miss(method)
            return None

    async def _ask(
        self, method: str, params: Mapping[str, Any], *, tries: int, via: Address | None = None
    ) -> Any:
        result = await self.port.ask(
            self.peer, method, params, patience=self.patience, tries=tries, rest=REST, via=via
        )
        self.log.debug("%s says to %s: %s", self.peer[0], method, result)
        return result

    def _miss(self, method: str) -> None:
        if method not in self._missing:
            self._missing.add(method)
            self.log.info("%s %s has no %s", self.device.name, self.device.firmware, method)

    def _told(self, battery: Battery, odd: list[str]) -> Battery:
        for why in odd:
            self.nonsense.heard(why)
        if not odd:
            self.nonsense.over()
        return battery


@asynccontextmanager
async def marstek(
    host: str,
    *,
    local_port: int,
    patience: float,
    broadcast: str,
    log: Log,
    tries: int = TRIES,
) -> AsyncIterator[Session]:
    """Open a conversation; the socket is shared with others on the same local port."""
    peer = await find_address(host, api.PORT)
    via = await find_address(broadcast, peer[1]) if broadcast else None
    async with udp(local_port) as port:
        yield Session(port, peer, patience, Nonsense(log, host), log, via, tries=tries)


async def find(
    broadcast: str = "255.255.255.255", port: int = api.PORT, *, wait: float = 2.0, local: int = 0
) -> list[Found]:
    """Search the network: every battery with an enabled API answers a broadcast.

    Answers get lost, so the question goes out three times. Some old firmware answers only to its
    own port number as `local`.

    Raises:
        OSError: nothing can be sent, or another program has the local port.
    """
    question = b'{"id": 0, "method": "Marstek.GetDevice", "params": {"ble_mac": "0"}}'
    found: dict[Address, Found] = {}

    async def listen(link: Port) -> None:
        async for said, sender in link.hear():
            result = read_object(said).get("result")
            device = api.read_device(result)
            if device.name:
                found[sender] = Found(sender, device)

    async with udp(local, EVERYWHERE) as link:
        listening = asyncio.create_task(listen(link))
        try:
            for _ in range(3):
                link.send(question, (broadcast, port))
                await asyncio.sleep(wait / 3)
        finally:
            listening.cancel()
            await asyncio.wait({listening})
        if link.trouble and not found:
            where = f"{broadcast}:{port}"
            raise OSError(f"nobody can be asked at {where}{link.trouble}; is there a network?")
    return sorted(found.values(), key=lambda one: one.address)
