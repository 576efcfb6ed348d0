"""Who listens where in a simulated house, and how long it lives."""

import socket
from math import inf

import pytest

from nodes.sim.house import live
from nodes.sim.lifeline import Lifelines
from nodes.sim.plant_file import read_plant_text
from nodes.sim.ports import HOST, DoorError, claim, doors
from tests.brokers import free_port

BASES = {"p1_port": 18080, "modbus_port": 18021, "udp_port": 18030, "broker_port": 18083}
PLANT = """
mains: {kind: fast}
a: {speaks: marstek_modbus}
b: {speaks: marstek_udp}
c: {speaks: marstek_modbus, port: 1502}
d: {speaks: marstek_modbus}
e: {kind: cloud}
"""


def test_everybody_has_a_port_of_the_file_or_the_next_of_its_protocol() -> None:
    found = doors(read_plant_text(PLANT), BASES, 100)
    assert {door.name: door.port for door in found} == {
        "mains": 18180,
        "a": 18121,
        "b": 18130,
        "c": 1602,
        "d": 18122,
        "broker": 18183,
    }
    assert found[0].address == "127.0.0.1:18180"


def test_a_broker_is_there_only_where_it_is_wanted() -> None:
    found = doors(read_plant_text("meter: {}"), BASES | {"broker_port": 0}, 0)
    assert [door.name for door in found] == ["meter"]


def test_one_port_for_two_is_refused() -> None:
    same = "meter: {port: 18521}\nleft: {speaks: marstek_modbus, port: 18521}"
    with pytest.raises(
        OSError,
        match=r"port 18521 is in use, for left .*set its port in the plant file",
    ):
        claim(doors(read_plant_text(same), BASES, 0))


def test_a_port_of_the_file_is_moved_there_and_any_other_by_its_setting() -> None:
    file = "meter: {port: 18521}\na: {speaks: marstek_udp, port: 18522}\nb: {speaks: marstek_udp}"
    found = {door.name: door.setting for door in doors(read_plant_text(file), BASES, 0)}
    own = "its port in the plant file"
    assert found == {"meter": own, "a": own, "b": "udp_port", "broker": "broker_port"}


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(OSError, match="68080 is no port, for meter"):
        claim(doors(read_plant_text("meter: {}"), BASES, 50_000))


TAKEN = {
    "mains": ("p1_port", socket.SOCK_STREAM),
    "a": ("modbus_port", socket.SOCK_STREAM),
    "b": ("udp_port", socket.SOCK_DGRAM),
    "broker": ("broker_port", socket.SOCK_STREAM),
}


@pytest.mark.parametrize("name", TAKEN)
async def test_who_is_quicker_at_a_door_is_told_as_one_that_was_there(name: str) -> None:
    bases = {each: free_port() for each in BASES}
    setup = read_plant_text(PLANT.replace(", port: 1502", f", port: {free_port()}"))
    where = doors(setup, bases, 0)
    claim(where)
    setting, kind = TAKEN[name]
    with socket.socket(socket.AF_INET, kind) as quicker:
        quicker.bind((HOST, bases[setting]))
        if kind == socket.SOCK_STREAM:
            quicker.listen()
        told = rf"port {bases[setting]} cannot be opened .*, for {name} .* set {setting}"
        with pytest.raises(DoorError, match=told):
            await live(setup, where, "mark", 0.0)


@pytest.mark.parametrize(
    ("outlives", "bye", "held", "lives"),
    [
        (60.0, False, False, 60.0),
        (60.0, False, True, 60.0),
        (60.0, True, False, 1.0),
        (60.0, True, True, 15.0),
        (inf, False, False, inf),
        (inf, True, False, inf),
    ],
)
def test_a_house_lives_on_for_those_who_may_come_back(
    outlives: float, bye: bool, held: bool, lives: float
) -> None:
    clock = [0.0]
    lines = Lifelines("mark", outlives, lambda: clock[0])
    with lines.guest() as guest:
        clock[0] = 1000.0
        assert not lines.over(held)
        if bye:
            guest.goodbye()
    clock[0] += min(lives, 1e6)
    assert not lines.over(held)
    clock[0] += 0.1
    assert lines.over(held) is (lives < inf)


def test_a_house_that_nobody_ever_entered_ends_too() -> None:
    clock = [0.0]
    lines = Lifelines("mark", 60.0, lambda: clock[0])
    clock[0] = 59.0
    assert not lines.over(held=False)
    clock[0] = 61.0
    assert lines.over(held=False)


def test_a_house_waits_from_when_its_doors_are_open() -> None:
    clock = [0.0]
    lines = Lifelines("mark", 2.0, lambda: clock[0])
    clock[0] = 5.0  # a busy machine
    lines.begin()
    assert not lines.over(held=False)
    clock[0] = 7.1
    assert lines.over(held=False)


def test_who_enters_again_takes_the_goodbye_back() -> None:
    clock = [0.0]
    lines = Lifelines("mark", 60.0, lambda: clock[0])
    with lines.guest() as guest:
        guest.goodbye()
    with lines.guest():
        pass
    clock[0] = 30.0
    assert not lines.over(held=False)
