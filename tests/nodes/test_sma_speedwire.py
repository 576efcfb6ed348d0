"""sma_speedwire: what an SMA meter tells the network."""

import socket
from contextlib import suppress
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes._helpers.multicast import multicast
from nodes._helpers.speedwire import GROUP, is_meter, read
from nodes.sma_speedwire import sma_speedwire
from tests.brokers import free_port
from tests.nodes.streams import LOG, hearing, until

HOME = "127.0.0.1"
SERIAL = 3004567890


def channel(index: int, kind: int, value: int, number: int = 0) -> bytes:
    return pack(">BBBBQ" if kind == 8 else ">BBBBI", number, index, kind, 0, value)


def datagram(
    *powers: tuple[int, float], serial: int = SERIAL, protocol: tuple[int, ...] = (0x6069,)
) -> bytes:
    """A meter's datagram with these powers by index, each with its counter, as meters send them."""
    body = b"".join(
        channel(index, 4, round(watts * 10)) + channel(index, 8, 3_600_000 * index)
        for index, watts in powers
    )
    body += channel(0, 0, 0x02030452, number=144) + bytes(4)
    inside = pack(f">{len(protocol)}H", *protocol) + pack(">HII", 349, serial, 123456) + body
    head = b"SMA\0" + pack(">HHI", 4, 0x02A0, 1) + pack(">HH", len(inside), 0x0010)
    return head + inside


IMPORT = datagram((1, 812.3), (2, 0), (21, 500.3), (22, 0), (41, 0), (42, 88), (61, 400), (62, 0))
EXPORT = datagram((1, 0), (2, 1200.5))
ALONE = datagram((1, 0), (2, 77.7), (21, 0), (22, 77.7), protocol=(0x6081, 0x9AA0))
OTHER = datagram((1, 5), (2, 0), serial=1)
INVERTER = b"SMA\0" + bytes.fromhex("000402a00000000100260010606509a0") + bytes(36)


@pytest.mark.parametrize(
    ("data", "phase", "watts"),
    [
        (IMPORT, "all", 812.3),
        (IMPORT, "l1", 500.3),
        (IMPORT, "l2", -88.0),
        (IMPORT, "l3", 400.0),
        (EXPORT, "all", -1200.5),
        (ALONE, "all", -77.7),
        (ALONE, "l1", -77.7),
        (datagram((1, 0), (2, 0)), "all", 0.0),
    ],
)
def test_import_is_positive_and_export_negative(data, phase, watts):
    reading = read(data)
    assert reading.serial == SERIAL
    assert reading.power(phase) == watts


NONSENSE = [
    IMPORT[:150],
    IMPORT[:40],
    IMPORT[:28],
    IMPORT[:20],
    IMPORT[:-20] + bytes(16),
    IMPORT[:12] + b"\xff\xff" + IMPORT[14:],
    datagram((1, 5)),
    datagram((3, 5)),
    IMPORT + bytes(3000),
    ALONE[:12] + b"\0\x0c" + ALONE[14:],
]


@pytest.mark.parametrize("data", [*NONSENSE[:4], NONSENSE[5], NONSENSE[6], *NONSENSE[8:], b""])
def test_what_is_torn_is_refused(data):
    with pytest.raises(ValueError, match=r"datagram"):
        read(data).power()


class Meter:
    """Somebody who sends datagrams to one machine, or to the group on loopback."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HOME))

    def send(self, *datagrams: bytes, to: str = HOME) -> None:
        for data in datagrams:
            self._link.sendto(data, (to, self.port))

    def close(self) -> None:
        self._link.close()


@pytest.fixture
def meter():
    made = Meter(free_port())
    yield made
    made.close()


def source(meter: Meter, **settings: Any) -> Any:
    return hearing(sma_speedwire(port=meter.port, interface=HOME, log=LOG, **settings))


async def listening(meter: Meter) -> None:
    """Go on when the source has joined the group."""
    async with multicast(GROUP, meter.port, HOME) as port:
        await until(lambda: len(port._listeners) > 1)


@pytest.mark.parametrize("to", [HOME, GROUP])
async def test_one_value_comes_per_datagram_to_us_or_to_all(meter, to):
    async with source(meter) as heard:
        await listening(meter)
        meter.send(IMPORT, EXPORT, ALONE, to=to)
        await heard.until(812.3, -1200.5, -77.7)


async def test_of_several_meters_only_the_one_asked_for_is_heard(meter, caplog):
    async with source(meter, serial=SERIAL) as heard:
        await listening(meter)
        meter.send(OTHER, INVERTER, IMPORT)
        await heard.until(812.3)
    assert not is_meter(INVERTER)
    assert caplog.records == []


async def test_nonsense_is_passed_over_and_told_once(meter, caplog):
    junk = [b"SMA\0", b"\xff" * 600, b"\0" * 60_000]  # not of a meter: not counted
    async with source(meter) as heard:
        await listening(meter)
        meter.send(*junk, *NONSENSE[:4], EXPORT)
        await heard.until(-1200.5)
    told = [record.message for record in caplog.records]
    assert len(told) == 2
    assert told[1].endswith("makes sense again, after 4 odd ones")


async def test_two_steps_and_other_programs_hear_one_meter(meter):
    async with source(meter) as one, source(meter, phase="l1") as other:
        async with multicast(GROUP, meter.port, HOME) as port:
            await until(lambda: len(port._listeners) > 2)
        meter.send(IMPORT)
        await one.until(812.3)
        await other.until(500.3)


async def test_an_interface_that_is_none_is_told(meter):
    with pytest.raises(OSError, match=r"cannot hear 239\.12\.255\.254:.* on 192\.0\.2\.1"):
        async with multicast(GROUP, meter.port, "192.0.2.1"):
            pass


@given(st.binary(max_size=60), st.integers(0, len(IMPORT)), st.integers(0, len(IMPORT)))
def test_whatever_comes_is_read_or_refused(junk, start, end):
    for data in (junk, IMPORT[:start] + junk + IMPORT[end:], ALONE[:start] + junk + ALONE[end:]):
        with suppress(ValueError):
            assert abs(read(data).power()) <= 2**32 / 10
