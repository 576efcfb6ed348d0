"""The line to a simulated house: joined where one lives already, started where none does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from logging import Logger
from pathlib import Path
from typing import Any

PATIENCE = 30.0  # s that a new house may take to open its doors, on a slow machine
GOODBYE = 1.0  # s
ANSWER = 5.0  # s; whoever listens there and is silent is no house
BYE = "bye"

TO_END = 20.0  # s; after a goodbye a house waits this long at most for batteries to be given back

_started: list[int] = []  # processes of houses, which may outlive us


@dataclass(frozen=True, slots=True)
class Order:
    """Which house is wanted."""

    plant: Path
    ports: Mapping[str, int]
    """By setting: `p1_port`, `modbus_port`, `udp_port`, `broker_port`, `port_offset`."""
    outlives: float

    @property
    def usual(self) -> str:
        """Where its lines are, unless the plant file moves its meter elsewhere."""
        return f"127.0.0.1:{self.ports['p1_port'] + self.ports['port_offset']}"

    def mark(self) -> str:
        """Return what tells this house from any other.

        Raises:
            OSError: there is no such plant file.
        """
        try:
            plant = self.plant.read_bytes()
        except OSError as error:
            said = error.strerror or error
            raise OSError(f"the plant file {self.plant} cannot be read: {said}") from None
        told = json.dumps([str(self.plant.resolve()), dict(self.ports)], sort_keys=True)
        return sha256(told.encode() + plant).hexdigest()[:16]

    def arguments(self) -> list[str]:
        """Return what to run."""
        ports = [f"--{name.replace('_', '-')}={port}" for name, port in self.ports.items()]
        more = [f"--outlives={self.outlives}", f"--mark={self.mark()}"]
        # -P: a folder `nodes` of the user's, where he runs us, does not take the place of ours
        return [sys.executable, "-P", "-m", "nodes.sim.house", str(self.plant), *ports, *more]


class StrangerError(OSError):
    """Another house lives there."""


@asynccontextmanager
async def living(order: Order, log: Logger) -> AsyncIterator[Any]:
    """Hold a line to the house that was ordered; leaving says goodbye.

    Raises:
        OSError: it cannot be had; the message says why, and what to do.
    """
    from aiohttp import ClientError, ClientSession

    async with ClientSession() as session:
        line = await _met(session, order) or await _begun(session, order, log)
        try:
            yield line
        finally:
            with suppress(OSError, ClientError):
                await line.send_str(BYE)
                await line.close()
            asyncio.get_running_loop().call_later(TO_END, _reap)


async def _met(session: Any, order: Order) -> Any | None:
    """Join the house where it usually lives; whether it lives elsewhere only a new one can tell."""
    with suppress(StrangerError):
        return await _joined(session, order.usual, order.mark())
    return None


async def _joined(session: Any, where: str, mark: str) -> Any | None:
    """Take up a line to a house that lives; nothing where none does.

    Raises:
        StrangerError: it is not the one of this mark.
    """
    from aiohttp import ClientError, ClientWSTimeout

    timeout = ClientWSTimeout(ws_close=GOODBYE)
    try:
        async with asyncio.timeout(ANSWER):
            at = f"http://{where}/house/line"
            line = await session.ws_connect(at, timeout=timeout, heartbeat=10.0)
        found = await line.receive_str(timeout=PATIENCE)
    except (ClientError, OSError, TypeError):
        return None
    if found == mark:
        return line
    await line.close()
    raise StrangerError(
        f"another simulated house, of another plant or other ports, lives at {where}; "
        "wait a minute until it ends, or set port_offset of simulated_house"
    )


async def _begun(session: Any, order: Order, log: Logger) -> Any:
    """Start a house and take up a line to it; one that nobody could join does not go on.

    Where its meter's port is in use, the very house may live there already, and is joined.
    """
    house = _spawn(order)
    try:
        told = await _opened(house)
        if "ready" in told:
            log.info("simulated house: %s", _places(told["ready"]))
            for said in told["told_anyway"]:
                log.warning("simulated house: %s", said)
        line = await _joined(session, told["line"], order.mark()) if "line" in told else None
        if line is None:
            silent = "the simulated house opened its doors and did not answer"
            raise OSError(told.get("fault") or silent)
    except BaseException:  # an engine that is ended meanwhile among them
        with suppress(ProcessLookupError):
            os.kill(house.pid, signal.SIGKILL)
        raise
    return line


async def _opened(house: subprocess.Popen[bytes]) -> dict[str, Any]:
    """Wait until a house listens, or cannot; what it tells of that."""
    try:
        async with asyncio.timeout(PATIENCE):
            told: dict[str, Any] = json.loads(await _first_line(house) or "{}")
    except TimeoutError:
        raise TimeoutError(f"the simulated house did not start in {PATIENCE:g}s") from None
    return told or {"fault": "the simulated house failed at its start"}


def _spawn(order: Order) -> subprocess.Popen[bytes]:
    _reap()
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    house = subprocess.Popen(
        order.arguments(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the engine: devices need the house to release
    )
    _started.append(house.pid)
    house.returncode = 0  # nobody waits for it here: it ends when its last guest is gone
    return house


def _reap() -> None:
    """Leave no dead process behind of the houses that have ended."""
    for pid in tuple(_started):
        with suppress(ChildProcessError):
            if os.waitpid(pid, os.WNOHANG) == (0, 0):
                continue
        _started.remove(pid)


async def _first_line(house: subprocess.Popen[bytes]) -> bytes:
    reader = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), house.stdout
    )
    try:
        return await reader.readline()
    finally:
        pipe.close()


def _places(ready: Mapping[str, str]) -> str:
    return ", ".join(f"{name} at {address}" for name, address in ready.items())
