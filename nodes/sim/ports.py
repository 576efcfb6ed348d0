"""The doors of a simulated house: who listens where, and whether the place is free."""

import errno
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from nodes.sim.setup import PlantSetup

HOST = "127.0.0.1"
LAST = 65535
DATAGRAMS = {"marstek_udp"}
SETTINGS = {"marstek_modbus": "modbus_port", "marstek_udp": "udp_port"}
IN_FILE = "its port in the plant file"


class DoorError(OSError):
    """A door cannot be had; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Door:
    """One port and who is behind it."""

    name: str
    speaks: str
    port: int
    setting: str
    """What moves it elsewhere."""

    @property
    def address(self) -> str:
        """As a flow file has it."""
        return f"{HOST}:{self.port}"


def doors(setup: PlantSetup, bases: dict[str, int], offset: int) -> list[Door]:
    """Give everybody of a plant a port: the one of the plant file, or the next of its protocol."""
    free = dict(bases)

    def door(name: str, speaks: str, setting: str, own: int | None = None) -> Door:
        if own:
            return Door(name, speaks, own + offset, IN_FILE)
        port, free[setting] = free[setting], free[setting] + 1
        return Door(name, speaks, port + offset, setting)

    made = [door(setup.meter_name, setup.meter.speaks, "p1_port", setup.meter.port)]
    for name, battery in setup.batteries.items():
        if battery.speaks in SETTINGS:
            made.append(door(name, battery.speaks, SETTINGS[battery.speaks], battery.port))
    if bases.get("broker_port"):
        made.append(door("broker", "mqtt", "broker_port"))
    return made


def claim(wanted: Iterable[Door]) -> None:
    """Check that all doors are free.

    Raises:
        DoorError: one is not.
    """
    with ExitStack() as held:
        for door in wanted:
            kind = socket.SOCK_DGRAM if door.speaks in DATAGRAMS else socket.SOCK_STREAM
            tried = held.enter_context(socket.socket(socket.AF_INET, kind))
            if kind == socket.SOCK_STREAM:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _bind(tried, door)


@contextmanager
def opening(door: Door) -> Iterator[None]:
    """Tell a door that was free and could not be opened as one that was not free.

    Raises:
        DoorError: the server behind it gave up, in whichever way servers of its library do.
    """
    try:
        yield
    except Exception as error:
        raise DoorError(_told(door, f"cannot be opened ({error})")) from error


def _told(door: Door, fault: str) -> str:
    cure = f"end what uses it, or set {door.setting} or port_offset of simulated_house"
    return f"port {door.port} {fault}, for {door.name} ({door.speaks}); {cure}"


def _bind(tried: socket.socket, door: Door) -> None:
    if not 0 < door.port <= LAST:
        raise DoorError(
            f"{door.port} is no port, for {door.name} ({door.speaks}); set {door.setting}"
        )
    try:
        tried.bind((HOST, door.port))
        if tried.type == socket.SOCK_STREAM:
            tried.listen(1)  # until it listens, Linux lets another one bind here
    except OSError as error:
        said = "is in use" if error.errno == errno.EADDRINUSE else f"is refused ({error.strerror})"
        raise DoorError(_told(door, said)) from None
