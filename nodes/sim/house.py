"""A simulated house as a process of its own: real sockets, real protocols, loopback only.

    python -m nodes.sim.house flows/plants/two-batteries.yaml

Started by hand it stays until Ctrl-C. Started by a flow it ends with the flow, and a minute after
an engine that was killed.
"""

import argparse
import asyncio
import json
import signal
import sys
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

from flowctl import FlowError, ticks
from nodes.sim import broker, homewizard_server
from nodes.sim.guests import guests
from nodes.sim.lifeline import Lifelines
from nodes.sim.live_plant import LivePlant, on_sockets
from nodes.sim.plant import Plant
from nodes.sim.plant_file import read_plant
from nodes.sim.ports import HOST, Door, DoorError, claim, doors, opening
from nodes.sim.setup import PlantSetup
from nodes.sim.unsaid import told_anyway, unsaid

BEAT = 0.25  # s between two looks at whether it may end
PORTS = {"p1_port": 18080, "modbus_port": 18021, "udp_port": 18030, "broker_port": 0}


async def live(setup: PlantSetup, where: list[Door], mark: str, outlives: float) -> None:
    """Serve a plant at its doors, until nobody needs it any more."""
    plant = LivePlant(Plant(on_sockets(setup)))
    lifelines = Lifelines(mark, outlives, asyncio.get_running_loop().time)
    async with AsyncExitStack() as stack:
        for door in where:
            with opening(door):
                await stack.enter_async_context(_served(door, setup, plant, lifelines))
        for guest in guests(setup, plant, where):
            await stack.enter_async_context(guest)
        lifelines.begin()
        ready = {door.name: door.address for door in where}
        anyway = list(told_anyway(setup))
        _say({"ready": ready, "line": ready[setup.meter_name], "told_anyway": anyway})
        async for _ in ticks(BEAT):
            if lifelines.over(plant.held()):
                return


def main(given: list[str] | None = None) -> int:
    """Run a house; 2 says that the plant file or a port is wrong."""
    args = _arguments().parse_args(given)
    try:
        setup = read_plant(args.plant)
    except (FlowError, OSError) as error:
        _say({"fault": str(error)})
        return 2
    where = doors(setup, {name: getattr(args, name) for name in PORTS}, args.port_offset)
    try:
        claim(where)
        asyncio.run(_until_told(live(setup, where, args.mark, args.outlives)))
    except DoorError as error:  # or somebody was quicker
        _say({"fault": str(error), "line": where[0].address})
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def _served(
    door: Door, setup: PlantSetup, plant: LivePlant, lifelines: Lifelines
) -> AbstractAsyncContextManager[Any]:
    if door.name == setup.meter_name:
        return homewizard_server.serve(plant, lifelines, HOST, door.port)
    if door.speaks == "mqtt":
        return broker.serve(HOST, door.port)
    server: Any = import_module(f"nodes.sim.{door.speaks}_server")
    battery = setup.batteries[door.name]
    model = {"family": battery.family} if battery.family else {}
    served: AbstractAsyncContextManager[Any] = server.serve(
        plant.unit(door.name), HOST, door.port, untold=unsaid(battery), **model
    )
    return served


async def _until_told(living: Any) -> None:
    """End cleanly on SIGTERM, as on Ctrl-C."""
    task = asyncio.ensure_future(living)
    with suppress(NotImplementedError):  # where there are no signals, there is Ctrl-C
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nodes.sim.house", description=__doc__)
    parser.add_argument("plant", type=Path, help="plant file")
    for name, port in PORTS.items():
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, type=int, default=port, help=f"{port or 'none'} if not given")
    parser.add_argument("--port-offset", type=int, default=0, help="added to each port")
    parser.add_argument("--outlives", type=float, default=inf, help="seconds without an engine")
    parser.add_argument("--mark", default="", help="by which an engine knows its own house")
    return parser


def _say(told: dict[str, Any]) -> None:
    """Tell whoever started it, in one line."""
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
