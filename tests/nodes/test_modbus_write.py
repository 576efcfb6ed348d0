"""One number to any Modbus device, against a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Latest, Log
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.signature.node import NodeKind, read_node
from nodes.modbus_write import _raw, modbus_write
from nodes.sim.marstek_modbus_server import VenusServer, serve
from tests.nodes.streams import until
from tests.nodes.venus import Cell

LOG = Log("heater/modbus_write")
FAST = {"register": 44002, "every": 0.005, "gap": 0.0, "patience": 3.0}


@asynccontextmanager
async def writing(venus: VenusServer, **settings: Any) -> AsyncIterator[tuple[Latest[float], Any]]:
    box: Latest[float] = Latest()
    given = {"host": "127.0.0.1", "port": venus.port, **FAST, **settings}
    task = asyncio.create_task(modbus_write(box, **given, log=LOG))
    yield box, task
    task.cancel()
    with suppress(asyncio.CancelledError, OSError):
        await task


def test_the_signature_is_a_sink() -> None:
    spec = read_node(modbus_write)
    assert spec.kind is NodeKind.SINK
    assert spec.first_setting == "host"


@pytest.mark.parametrize(
    ("value", "settings", "writes"),
    [
        (500.0, {}, [(44002, 500)]),
        (-500.0, {}, [(44002, 0xFE0C)]),
        (23.45, {"scale": 0.1}, [(44002, 234)]),
        (500.0, {"scale": -1.0}, [(44002, 0xFE0C)]),
        (-500.0, {"type": "int32"}, [(44002, 0xFFFF), (44003, 0xFE0C)]),
        (-500.0, {"type": "int32", "words": "little"}, [(44002, 0xFE0C), (44003, 0xFFFF)]),
        (1.5, {"type": "float32"}, [(44002, 0x3FC0), (44003, 0)]),
    ],
)
async def test_a_value_is_written_typed_and_scaled(
    value: float, settings: dict[str, Any], writes: list[tuple[int, int]]
) -> None:
    async with serve(Cell()) as venus, writing(venus, **settings) as (box, _):
        box.put(value)
        await until(lambda: venus.writes)
        assert venus.writes == writes


async def test_an_unchanged_value_is_not_written_again() -> None:
    async with serve(Cell()) as venus, writing(venus) as (box, _):
        for value in (5.0, 5.0, 5.2, 6.0):
            box.put(value)
            await asyncio.sleep(0.02)
        await until(lambda: len(venus.writes) > 1)
        assert venus.writes == [(44002, 5), (44002, 6)]


async def test_an_unchanged_value_is_refreshed_where_the_device_wants_it() -> None:
    async with serve(Cell()) as venus, writing(venus, refresh=0.02) as (box, _):
        await asyncio.sleep(0.03)
        box.put(5.0)
        await until(lambda: len(venus.writes) > 2)
        assert set(venus.writes) == {(44002, 5)}


async def test_in_a_burst_only_the_newest_is_written_after_the_interval() -> None:
    async with serve(Cell()) as venus, writing(venus, every=0.05) as (box, _):
        begun = asyncio.get_running_loop().time()
        for value in range(1, 30):
            box.put(float(value))
            await asyncio.sleep(0.001)
        await until(lambda: venus.writes[-1:] == [(44002, 29)])
        took = asyncio.get_running_loop().time() - begun
        assert len(venus.writes) <= 1 + took / 0.05


async def test_values_out_of_range_are_told_once_and_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serve(Cell()) as venus, writing(venus, low=-100.0, high=50000.0) as (box, _):
        for value in (-101.0, 60000.0, 40000.0, float("nan"), 12.0):
            box.put(value)
            await asyncio.sleep(0.01)
        await until(lambda: venus.writes)
        assert venus.writes == [(44002, 12)]
    assert sum("not written" in line.getMessage() for line in caplog.records) == 1


async def test_a_refused_value_is_a_fault() -> None:
    async with serve(Cell()) as venus, writing(venus, register=42020) as (box, task):
        box.put(2501.0)
        with pytest.raises(OSError, match=r"refuses the value .*42020, exception 3"):
            await task


async def test_the_end_of_the_stream_ends_the_sink() -> None:
    async with serve(Cell()) as venus, writing(venus) as (box, task):
        box.put(5.0)
        box.close()
        await task
        assert venus.writes == [(44002, 5)]


async def test_a_scale_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="scale is 0"):
        await modbus_write(Latest(), host="127.0.0.1", register=1, scale=0.0, log=LOG)


@given(st.floats(allow_nan=True), st.sampled_from(["int16", "uint16", "int32", "float32"]))
def test_what_is_written_lies_within_its_limits(value: float, kind: str) -> None:
    try:
        words = _raw(value, 1.0, -200.0, 200.0, kind, "big")
    except ValueError:
        return
    assert -200.0 <= value <= 200.0
    assert all(0 <= word <= 0xFFFF for word in words)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("modbus_write: {host: h, register: 65533, type: int64}", "int64 at register 65533"),
        ("modbus_write: {host: h, register: 5, low: 5W, high: 1W}", "low is above high"),
        ("modbus_read: {host: h, register: 65535, type: int32, unit: W}", "65534 at most"),
        ("modbus_write: {host: h, register: 65532, type: int64, low: 1W, high: 1W}", ""),
        ("modbus_read: {host: h, register: 65535, unit: W}", ""),
    ],
)
def test_a_number_that_cannot_be_is_a_fault_before_anything_is_dialled(step, said):
    pipe = f"[{step}, print]" if "read" in step else f"[tick: 1s, map: value * 1W, {step}]"
    with pytest.raises(FlowError, match=said) if said else nullcontext():
        load(f"streams:\n  it: {pipe}\n")
