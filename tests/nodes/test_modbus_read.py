"""One number from any Modbus device, against a real server."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from flowctl import Log
from flowctl.marks import UnitFrom
from flowctl.signature.node import NodeKind, read_node
from nodes.modbus_read import modbus_read
from nodes.sim.marstek_modbus_server import serve
from tests.nodes.streams import until
from tests.nodes.venus import Cell

LOG = Log("voltage/modbus_read")


@asynccontextmanager
async def meter(words: list[int], *, address: int = 100, device: int = 1) -> AsyncIterator[int]:
    """A device whose holding registers hold these words, and whose input registers hold none."""
    held = SimData(address, values=words, datatype=DataType.UINT16)
    other = SimData(address, values=[7] * len(words), datatype=DataType.UINT16)
    bits = SimData(0, values=[False] * 16, datatype=DataType.BITS)
    blocks = ([bits], [bits], [held], [other])
    server = ModbusTcpServer(SimDevice(id=device, simdata=blocks), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


async def read(port: int, count: int = 1, **settings: Any) -> list[float]:
    given = {"host": "127.0.0.1", "port": port, "register": 100, "unit": "W", "log": LOG}
    source = modbus_read(**{**given, "every": 0.005, "gap": 0.0, "patience": 1.0, **settings})
    values = [await anext(source) for _ in range(count)]
    await source.aclose()
    return values


def test_the_unit_of_the_wire_is_a_setting() -> None:
    spec = read_node(modbus_read)
    assert spec.kind is NodeKind.SOURCE
    assert spec.output is not None
    assert spec.output.derived == UnitFrom("unit")
    assert spec.first_setting == "host"


@pytest.mark.parametrize(
    ("words", "settings", "value"),
    [
        ([0xFE0C], {}, -500.0),
        ([0xFE0C], {"type": "uint16"}, 65036.0),
        ([2301], {"scale": 0.1}, 230.1),
        ([500], {"scale": -1.0}, -500.0),
        ([0xFFFF, 0xFE0C], {"type": "int32"}, -500.0),
        ([0xFE0C, 0xFFFF], {"type": "int32", "words": "little"}, -500.0),
        ([1, 4464], {"type": "uint32"}, 70000.0),
        ([0x42F6, 0xE979], {"type": "float32"}, struct.unpack(">f", b"\x42\xf6\xe9\x79")[0]),
        ([0, 0, 0, 9], {"type": "uint64"}, 9.0),
        ([5], {"table": "input"}, 7.0),
    ],
)
async def test_a_register_is_read_typed_and_scaled(
    words: list[int], settings: dict[str, Any], value: float
) -> None:
    async with meter(words) as port:
        assert await read(port, 2, **settings) == [pytest.approx(value)] * 2


async def test_another_device_id_is_asked_for() -> None:
    async with meter([3], device=7) as port:
        assert await read(port, device=7) == [3.0]
    async with meter([3], device=7) as port:
        with pytest.raises(OSError, match="failed to do it"):
            await read(port, device=2)


async def test_a_register_that_is_not_there_is_a_fault() -> None:
    async with meter([3]) as port:
        with pytest.raises(OSError, match=r"127\.0\.0\.1:\d+ has no such register .register 400"):
            await read(port, register=400)


async def test_a_nan_is_counted_and_never_said(caplog: pytest.LogCaptureFixture) -> None:
    cell = Cell()
    async with serve(cell) as venus:
        source = modbus_read(
            host="127.0.0.1",
            port=venus.port,
            register=44002,
            type="float32",
            unit="W",
            every=0.005,
            gap=0.0,
            log=LOG,
        )
        venus.registers.write(44002, [0x7FC0, 0])
        waiting = asyncio.ensure_future(anext(source))
        await until(lambda: venus.reads > 2)
        assert not waiting.done()
        venus.registers.write(44002, [0x3FC0, 0])
        assert await waiting == 1.5
        await source.aclose()
    assert sum("nonsense" in line.getMessage() for line in caplog.records) == 1


async def test_a_silent_device_is_a_fault_after_its_patience() -> None:
    async with serve(Cell(online=False)) as venus:
        with pytest.raises(TimeoutError, match=r"gave no answer in 0\.05s"):
            await read(venus.port, patience=0.05)


async def test_a_slow_device_is_waited_for() -> None:
    async with serve(Cell(), latency=0.05) as venus:
        assert await read(venus.port, register=32104) == [60.0]
