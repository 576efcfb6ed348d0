"""udp_out: one datagram per value."""

import math

import pytest

from flowctl import Battery
from nodes._helpers.udp import udp
from nodes.udp_out import udp_out
from tests.nodes.streams import saying, until

HOME = "127.0.0.1"


@pytest.fixture
async def ear():
    async with udp(0, HOME) as port:
        heard: list[bytes] = []
        port._listeners.append(lambda datagram: heard.append(datagram.data))
        yield port, heard


TEXTS = [
    (312.5, {}, b"312.5"),
    (-40.0, {}, b"-40"),
    (12.345, {"decimals": 1}, b"12.3"),
    ("idle", {}, b"idle"),
    ("idle", {"format": "json"}, b'"idle"'),
    (True, {"format": "onoff"}, b"ON"),
    (Battery(power=300.0, soc=60.5), {}, b'{"power": 300, "soc": 60.5}'),
]


@pytest.mark.parametrize(("value", "settings", "payload"), TEXTS)
async def test_a_value_is_written_as_its_kind_wants(ear, value, settings, payload):
    port, heard = ear
    async with saying(udp_out, host=HOME, port=port.number, **settings) as box:
        box.put(value)
        await until(lambda: heard == [payload])


async def test_what_cannot_be_written_is_passed_over(ear, caplog):
    port, heard = ear
    async with saying(udp_out, host=HOME, port=port.number) as box:
        for value in (math.nan, object(), 1.0):
            box.put(value)
            await until(lambda: not box._full.is_set())
        await until(lambda: heard == [b"1"])
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_all_in_the_network_are_reached_by_its_broadcast_address():
    async with udp(0, "0.0.0.0") as port:
        heard: list[bytes] = []
        port._listeners.append(lambda datagram: heard.append(datagram.data))
        async with saying(udp_out, host="127.255.255.255", port=port.number) as box:
            box.put(1.0)
            await until(lambda: heard == [b"1"])


async def test_the_own_port_can_be_chosen(ear):
    port, _ = ear
    senders: list[int] = []
    port._listeners.append(lambda datagram: senders.append(datagram.sender[1]))
    async with udp(0, "0.0.0.0") as own:
        number = own.number
    async with saying(udp_out, host=HOME, port=port.number, local_port=number) as box:
        box.put(1.0)
        await until(lambda: senders == [number])


async def test_an_unknown_host_is_a_fault():
    with pytest.raises(OSError, match=r"no host is called no-such-host\.invalid"):
        async with saying(udp_out, host="no-such-host.invalid", port=1):
            pass


async def test_nobody_there_is_no_fault():
    async with udp(0, HOME) as gone:
        number = gone.number
    async with saying(udp_out, host=HOME, port=number) as box:
        for value in range(3):
            box.put(value)
            await until(lambda: not box._full.is_set())
