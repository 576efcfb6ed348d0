"""The simulated house on sockets and the plant in virtual time, held against each other.

Devices of ours steer a house over their real protocols for some seconds. Then the same commands,
each at the second at which the house took it, go to the twins of the same plant file, which tell as
often, and the same fields, as the twins of those devices say. A power that was told was asked for
after the word before it: in that while the battery of the twins gave it, too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from flowctl import RELEASE, Battery, Latest, Store
from flowctl.values import known
from nodes import marstek_modbus as over_modbus
from nodes import marstek_udp as over_udp
from nodes.homewizard_p1 import homewizard_p1
from nodes.marstek_modbus import marstek_modbus
from nodes.marstek_udp import marstek_udp
from nodes.sim import makes
from nodes.sim.battery import HomeBattery
from nodes.sim.house import live
from nodes.sim.plant_file import read_plant
from nodes.sim.ports import HOST, doors
from nodes.sim.twins import Twins, open_twins
from tests.brokers import free_port
from tests.nodes.streams import LOG, ended
from tests.nodes.venus import FAST

QUICK = "dead_time: 300ms, lag: 150ms, slew: 3kW/s, wake: 200ms, write_every: 200ms"
AGES = {"left": 0.0, "right": 0.2}  # s
PLANT = f"""
house: {{profile: evening, seed: 5, loads: [{{after: 2s, lasts: 1s, power: 900W}}]}}
pv: {{peak: 2kW}}
meter: {{every: 200ms, latency: 100ms, average: 200ms}}
left: {{speaks: marstek_modbus, family: v3, {QUICK}, telemetry: {{age: {AGES["left"]}s, noise: 0W}},
  faults: [{{after: 3s, cap: 300W}}]}}
right: {{speaks: marstek_udp, {QUICK}, telemetry: {{age: {AGES["right"]}s, noise: 0W}}, gain: 80%}}
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
POLLS = {"meter": 0.5, "left": 0.1, "right": 0.4}
"""s between two polls: not those of the plant file, where batteries tell each 2 s."""
LOOK = 0.04  # s between two looks at the house
CLOCK = 0.001  # s: the house tells its time in milliseconds
WITHIN = 10  # looks within that: a load may come and a battery move at once
NEAR = 1.0  # W: and its powers in tenths
FINE, SLEW = 0.001, 3000.0  # s between two points of a course; W/s at most


@dataclass
class Course:
    """What happened in the house on sockets, by its own seconds."""

    commands: list[tuple[float, str, float | None]] = field(default_factory=list)
    truths: list[dict[str, Any]] = field(default_factory=list)
    readings: list[tuple[float, float, float]] = field(default_factory=list)
    """Since when, up to when, and what the meter showed."""
    told: dict[str, list[tuple[float, Any]]] = field(default_factory=dict)
    """What each device, and the meter, told, and when: by the clock of the loop."""
    began: float = 0.0
    """Since when they were there to tell, by that clock."""
    lasted: float = 0.0
    """For how long, s."""
    starts: list[tuple[float, float]] = field(default_factory=list)
    """Of each look at the house: since when, and up to when, its second 0 can have been."""

    def start(self) -> tuple[float, float]:
        """When its second 0 was, by all looks: at least, and at most; its clock goes as ours."""
        least, most = max(since for since, _ in self.starts), min(end for _, end in self.starts)
        assert least <= most, "the clock of the house does not go as that of the loop"
        return least, most


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
    shown = replay(open_twins(plant), commands, end)
    said = replay(twins, commands, end)

    assert {watts for _, _, watts in commands} >= {watts for _, _, watts in SCRIPT}
    assert len(course.truths) > 20
    for truth in course.truths:
        for name, was in (("grid", truth["grid"]), ("load", truth["load"]), ("pv", truth["pv"])):
            assert_near(was, [getattr(twins.plant, name)(at) for at in around(truth)])
        for name, battery in truth["batteries"].items():
            assert_near(battery["power"], [twins.twin(name).power(at) for at in around(truth)])
            assert battery["soc"] == pytest.approx(twins.twin(name).soc, abs=0.1)
    assert_readings(course, [(at, watts) for at, name, watts in shown if name == "meter"])

    readings = course.told.pop("meter")
    assert_often(course, "meter", len(readings))
    assert sum(who == "meter" for _, who, _ in said) == pytest.approx(end / POLLS["meter"], abs=2)
    for name, records in course.told.items():
        assert_powers(course, name, twins)
        in_time = [(at, record) for at, who, record in said if who == name]
        for at, record in in_time:
            if tells(record):
                assert_near(record.power, [twins.twin(name).power(max(0.0, at - AGES[name]))])
        assert_often(course, name, sum(tells(record) for _, record in records))
        told = sum(tells(record) for _, record in in_time)
        assert told == pytest.approx(end / POLLS[name], abs=2)
        assert fields(record for _, record in records) == fields(record for _, record in in_time)


def assert_often(course: Course, name: str, count: int) -> None:
    """On sockets it was told as often as it was polled; a busy machine polls more rarely."""
    polls = course.lasted / POLLS[name]
    assert 0.2 * polls < count < 1.2 * polls + 1


def assert_powers(course: Course, name: str, twins: Twins) -> None:
    """Each power that was told is one of the course since the word before, as old as it may be."""
    least, most = course.start()
    before, age, twin = course.began, AGES[name] + CLOCK, twins.twin(name)
    for now, record in course.told[name]:
        if tells(record):
            since, until = max(0.0, before - most - age), now - least - AGES[name] + CLOCK
            points = range(int((until - since) / FINE) + 1)
            was = [twin.power(max(0.0, at)) for at in (*(since + k * FINE for k in points), until)]
            slack = NEAR + SLEW * FINE
            assert min(was) - slack <= record.power <= max(was) + slack, (name, now - least)
        before = now


def fields(records: Iterable[Any]) -> set[str]:
    """What records tell, but for what no twin tells, and a setpoint."""
    beyond = {"power_at", "setpoint", "temperature", "mode", "cell_power", "pv_power"}
    return set().union(*map(known, records)) - beyond


def asked() -> dict[str, Any]:
    """What the twins of the devices say, with the settings that they are driven with."""
    meter = defaults(homewizard_p1) | {"host": HOST, "every": POLLS["meter"]}
    left = defaults(marstek_modbus) | {"host": HOST, "family": "v3", "poll": POLLS["left"]}
    right = defaults(marstek_udp) | {"host": HOST, "poll": POLLS["right"]}
    return {
        "meter": makes.homewizard_p1(**meter),
        "left": makes.marstek_modbus(**left),
        "right": makes.marstek_udp(**right),
    }


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
        async with aiohttp.ClientSession(f"http://{HOST}:{ports['meter']}") as http:
            await is_open(http)
            course.began = clock()
            boxes: dict[str, Latest[Any]] = {"left": Latest(), "right": Latest()}
            async with (
                hearing(course, "left", modbus_device(boxes["left"], ports["left"])),
                hearing(course, "right", udp_device(boxes["right"], ports["right"])),
                hearing(course, "meter", its_meter(ports["meter"])),
            ):
                watching = asyncio.create_task(watch(http, course))
                for pause, name, watts in SCRIPT:
                    await asyncio.sleep(pause)
                    boxes[name].put(RELEASE if watts is None else watts)
                await asyncio.sleep(0.8)
                watching.cancel()
                course.lasted = clock() - course.began
                course.told = {name: list(told) for name, told in course.told.items()}
    finally:
        house.cancel()
        with suppress(asyncio.CancelledError):
            await house


async def watch(http: aiohttp.ClientSession, course: Course) -> None:
    """Look at the house and its meter in turn."""
    while True:
        await look(http, course)
        reading = await get(http, "/api/v1/data")
        await look(http, course)
        if "active_power_w" in reading:
            since, until = (truth["time"] for truth in course.truths[-2:])
            course.readings.append((since, until, reading["active_power_w"]))
        await asyncio.sleep(LOOK)


async def look(http: aiohttp.ClientSession, course: Course) -> None:
    """See the truth, and when it can have been so."""
    before = clock()
    truth = await get(http, "/house")
    course.truths.append(truth)
    course.starts.append((before - truth["time"] - CLOCK, clock() - truth["time"] + CLOCK))


def clock() -> float:
    return asyncio.get_running_loop().time()


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


def modbus_device(box: Latest[Any], port: int) -> AsyncIterator[Any]:
    given = FAST | {"host": HOST, "port": port, "poll": POLLS["left"], "store": Store()}
    return marstek_modbus(box, terms=over_modbus.TERMS, log=LOG, **given)


def udp_device(box: Latest[Any], port: int) -> AsyncIterator[Any]:
    host = f"{HOST}:{port}"
    return marstek_udp(box, host=host, poll=POLLS["right"], terms=over_udp.TERMS, log=LOG)


def its_meter(port: int) -> AsyncIterator[Any]:
    return homewizard_p1(host=f"{HOST}:{port}", every=POLLS["meter"], log=LOG)


@asynccontextmanager
async def hearing(course: Course, name: str, device: Any) -> AsyncIterator[None]:
    """Run a device or a meter, and note what it tells, and when."""
    told = course.told.setdefault(name, [])

    async def run() -> None:
        async with aclosing(device) as records:
            async for record in records:
                told.append((clock(), record))

    task = asyncio.create_task(run())
    try:
        yield
        assert not task.done() or task.result() is None  # a fault of it is raised here
    finally:
        await ended(task)


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
    return [truth["time"] + CLOCK * late / WITHIN for late in range(-WITHIN, WITHIN + 1)]


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
