"""The simulated house on sockets and the plant in virtual time, held against each other.

Devices of ours steer a house over their real protocols for some seconds. Then the same commands,
each at the second at which the house took it, go to the twins of the same plant file, which tell as
often, and the same fields, as the twins of those devices say.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flowctl import RELEASE, Battery, Latest
from flowctl.values import known
from nodes.marstek_modbus import marstek_modbus
from nodes.marstek_udp import TERMS, marstek_udp
from nodes.sim import makes
from nodes.sim.battery import HomeBattery
from nodes.sim.house import live
from nodes.sim.plant_file import read_plant
from nodes.sim.ports import HOST, doors
from nodes.sim.twins import Twins, open_twins
from tests.brokers import free_port
from tests.nodes.streams import LOG
from tests.nodes.venus import driven

QUICK = "dead_time: 300ms, lag: 150ms, slew: 3kW/s, wake: 200ms, write_every: 200ms"
TOLD = "telemetry: {age: 0s, noise: 0W}"
PLANT = f"""
house: {{profile: evening, seed: 5, loads: [{{after: 2s, lasts: 1s, power: 900W}}]}}
pv: {{peak: 2kW}}
meter: {{every: 200ms, latency: 100ms, average: 200ms}}
left: {{speaks: marstek_modbus, family: v3, {QUICK}, {TOLD}, faults: [{{after: 3s, cap: 300W}}]}}
right: {{speaks: marstek_udp, {QUICK}, {TOLD}, gain: 80%}}
"""
SCRIPT = [
    (0.4, "left", 800.0),
    (0.3, "right", -600.0),
    (0.5, "left", -1200.0),
    (0.1, "left", 500.0),  # sooner than it takes commands
    (0.6, "right", 900.0),
    (0.9, "left", 700.0),  # from here on it gives 300 W
    (0.7, "right", None),
]
"""Pauses in seconds, and what is said after them."""
POLLS = {"left": 0.1, "right": 0.4}
"""s between two polls: not those of the plant file, which says 2 s."""
LOOK = 0.04  # s between two looks at the house
CLOCK = 0.001  # s: the house tells its time in milliseconds
NEAR = 1.0  # W: and its powers in tenths
FINE, SLEW = 0.01, 3000.0  # s between two points of a course; W/s at most


@dataclass
class Course:
    """What happened in the house on sockets, by its own seconds."""

    commands: list[tuple[float, str, float | None]] = field(default_factory=list)
    truths: list[dict[str, Any]] = field(default_factory=list)
    readings: list[tuple[float, float, float]] = field(default_factory=list)
    """Since when, up to when, and what the meter showed."""
    told: dict[str, list[Battery]] = field(default_factory=dict)
    lasted: float = 0.0
    """For how long devices were there to be told, s."""


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    file = tmp_path / "plant.yaml"
    file.write_text(PLANT)
    return file


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> Course:
    """Note each command that a battery takes, and when."""
    kept, take = Course(), HomeBattery.command

    def noted(battery: HomeBattery, watts: float | None) -> None:
        kept.commands.append((battery.now, battery.name, watts))
        take(battery, watts)

    monkeypatch.setattr(HomeBattery, "command", noted)
    return kept


async def test_a_house_on_sockets_goes_the_same_course_as_its_twins(
    plant: Path, course: Course
) -> None:
    await steer(plant, course)
    commands, course.commands = course.commands, []
    twins, end = open_twins(plant, asks=asked()), course.truths[-1]["time"]
    said = replay(twins, commands, end)

    assert {watts for _, _, watts in commands} >= {watts for _, _, watts in SCRIPT}
    assert len(course.truths) > 20
    for truth in course.truths:
        for name, was in (("grid", truth["grid"]), ("load", truth["load"]), ("pv", truth["pv"])):
            assert_near(was, [getattr(twins.plant, name)(at) for at in around(truth)])
        for name, battery in truth["batteries"].items():
            assert_near(battery["power"], [twins.twin(name).power(at) for at in around(truth)])
            assert battery["soc"] == pytest.approx(twins.twin(name).soc, abs=0.1)
    assert_readings(course, [(at, watts) for at, name, watts in said if name == "meter"])

    for name, records in course.told.items():
        powers = [record.power for record in records if record.power is not None]
        was = [twins.twin(name).power(k * FINE) for k in range(int(end / FINE))]
        assert len(powers) > 2
        assert all(min(abs(power - watts) for watts in was) < SLEW * FINE for power in powers)
        in_virtual_time = [record for _, who, record in said if who == name and tells(record)]
        part = course.lasted / end  # it was steered for a part of the time that the house was there
        assert 0.5 < len(powers) / (len(in_virtual_time) * part) < 1.2
        assert fields(records) == fields(record for _, who, record in said if who == name)


def fields(records: Iterable[Any]) -> set[str]:
    """What records tell, but for what no twin tells, and a setpoint."""
    beyond = {"power_at", "setpoint", "temperature", "mode", "cell_power", "pv_power"}
    return set().union(*map(known, records)) - beyond


def asked() -> dict[str, Any]:
    """What the twins of both devices say, with the settings that they are driven with."""
    left = defaults(marstek_modbus) | {"host": HOST, "family": "v3", "poll": POLLS["left"]}
    right = defaults(marstek_udp) | {"host": HOST, "poll": POLLS["right"]}
    return {"left": makes.marstek_modbus(**left), "right": makes.marstek_udp(**right)}


def defaults(node: Any) -> dict[str, Any]:
    return dict(node.__kwdefaults__)


def tells(record: Any) -> bool:
    return record.power is not None


async def steer(plant: Path, course: Course) -> None:
    """Let real devices steer a real house, and note what becomes of it."""
    where = doors(read_plant(plant), free_ports(), 0)
    ports = {door.name: door.port for door in where}
    house = asyncio.create_task(live(read_plant(plant), where, "parity", 60.0))
    try:
        async with (
            aiohttp.ClientSession(f"http://{HOST}:{ports['meter']}") as http,
            driven(ports["left"], poll=POLLS["left"]) as left,
            driven_udp(ports["right"]) as right,
        ):
            await is_open(http)
            loop = asyncio.get_running_loop()
            began = loop.time()
            watching = asyncio.create_task(watch(http, course))
            boxes = {"left": left.box, "right": right[0]}
            for pause, name, watts in SCRIPT:
                await asyncio.sleep(pause)
                boxes[name].put(RELEASE if watts is None else watts)
            await asyncio.sleep(0.8)
            watching.cancel()
            course.lasted = loop.time() - began
            course.told = {"left": list(left.records), "right": list(right[1])}
    finally:
        house.cancel()
        with suppress(asyncio.CancelledError):
            await house


async def watch(http: aiohttp.ClientSession, course: Course) -> None:
    """Look at the house and its meter in turn."""
    while True:
        course.truths.append(await get(http, "/house"))
        reading = await get(http, "/api/v1/data")
        course.truths.append(await get(http, "/house"))
        if "active_power_w" in reading:
            since, until = (truth["time"] for truth in course.truths[-2:])
            course.readings.append((since, until, reading["active_power_w"]))
        await asyncio.sleep(LOOK)


async def get(http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with http.get(path) as reply:
        told: dict[str, Any] = await reply.json()
        return told


async def is_open(http: aiohttp.ClientSession) -> None:
    for _ in range(200):
        with suppress(aiohttp.ClientError):
            await get(http, "/api")
            return
        await asyncio.sleep(0.02)
    pytest.fail("the house did not open in 4 s")


@asynccontextmanager
async def driven_udp(port: int) -> AsyncIterator[tuple[Latest[Any], list[Battery]]]:
    box: Latest[Any] = Latest()
    records: list[Battery] = []

    async def run() -> None:
        host = f"{HOST}:{port}"
        async for record in marstek_udp(box, host=host, poll=POLLS["right"], terms=TERMS, log=LOG):
            records.append(record)

    task = asyncio.create_task(run())
    try:
        yield box, records
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def replay(
    twins: Twins, commands: list[tuple[float, str, float | None]], end: float
) -> list[tuple[float, str, float | Battery]]:
    """Say the same to the twins at the same seconds; what they and their meter said."""
    said = []
    for at, name, watts in [*commands, (end, "", None)]:
        while (due := twins.next_due()) < at:
            said += twins.advance(due)
        said += twins.advance(at)
        if name:
            twins.twin(name).command(watts)
    return said


def around(truth: dict[str, Any]) -> list[float]:
    """Return the second of a look, and as far beside it as its rounding goes."""
    return [truth["time"] + late for late in (-CLOCK, 0.0, CLOCK)]


def assert_near(was: float, may_be: list[float]) -> None:
    assert min(may_be) - NEAR <= was <= max(may_be) + NEAR


def assert_readings(course: Course, said: list[tuple[float, float]]) -> None:
    """Each reading was the newest one at some moment of the look."""
    for since, until, watts in course.readings:
        shown = [w for (at, w), (end, _) in pairwise([*said, (1e9, 0.0)])
                 if at <= until + CLOCK and end >= since - CLOCK]  # fmt: skip
        assert any(abs(watts - w) <= NEAR for w in shown)


def free_ports() -> dict[str, int]:
    names = ("p1_port", "modbus_port", "udp_port")
    return {name: free_port() for name in names} | {"broker_port": 0}
