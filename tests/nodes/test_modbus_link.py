"""The shared Modbus link, its session, and the numbers in registers."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes._helpers.modbus import LARGEST_READ, modbus
from nodes._helpers.modbus_session import mended
from nodes._helpers.refused import RefusedError
from nodes._helpers.registers import FORMATS, decode, encode, text, width
from nodes.sim.marstek_modbus_server import serve
from tests.nodes.venus import Cell

HOST = "127.0.0.1"


@asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[int]:
    """A peer that answers each request with the next of these bytes; `%` is the transaction id."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.add(asyncio.current_task())
        with suppress(OSError):  # who asks may be gone already
            for answer in answers:
                asked = await reader.read(64)
                writer.write(answer.replace(b"%", asked[:2]))
            await reader.read(64)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    came: set[asyncio.Task[None] | None] = set()
    async with await asyncio.start_server(talk, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*filter(None, came))  # nobody may have come in time


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (-500.0, "int16", [0xFE0C]),
        (-500.0, "int32", [0xFFFF, 0xFE0C]),
        (65535.0, "uint16", [0xFFFF]),
        (70000.0, "uint32", [1, 4464]),
        (1.5, "float32", [0x3FC0, 0]),
        (-1.0, "int64", [0xFFFF] * 4),
    ],
)
def test_numbers_lie_high_word_first(number: float, kind: str, words: list[int]) -> None:
    assert decode(words, kind) == number
    assert encode(number, kind) == words
    assert decode(words[::-1], kind, "little") == number
    assert encode(number, kind, "little") == words[::-1]


@given(st.integers(-(2**15), 2**15 - 1), st.sampled_from(["int16", "int32", "float64"]))
def test_what_was_written_is_read(number: int, kind: str) -> None:
    words = encode(number, kind)
    assert decode(words, kind) == number
    assert len(words) == width(kind)


@given(st.sampled_from(sorted(FORMATS)), st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4))
def test_a_reading_is_finite_or_a_value_error(kind: str, words: list[int]) -> None:
    with suppress(ValueError):
        assert math.isfinite(decode(words[: width(kind)], kind))


@pytest.mark.parametrize(
    ("number", "kind"), [(40000, "int16"), (-1, "uint32"), (math.nan, "int16"), (1e39, "float32")]
)
def test_a_number_that_does_not_fit_is_a_value_error(number: float, kind: str) -> None:
    with pytest.raises(ValueError, match=r"does not fit|cannot be written"):
        encode(number, kind)


def test_a_text_ends_at_its_nul_whatever_follows() -> None:
    assert text([0x564E, 0x5345, 0x332D, 0x3000, 0x0607, 0]) == "VNSE3-0"
    assert text([]) == ""


def test_an_exception_that_says_four_is_mended_to_three() -> None:
    short = bytes.fromhex("00070000000401 8302")
    good = bytes.fromhex("00080000000501 03020001")
    assert mended(short + good) == bytes.fromhex("00070000000301 8302") + good
    assert mended(good + short[:8]) == good + bytes.fromhex("00070000000301 83")
    assert mended(b"") == b""


@given(st.binary(max_size=64))
def test_mending_changes_no_length_and_ends(heard: bytes) -> None:
    assert len(mended(heard)) == len(heard)
    assert mended(mended(heard)) == mended(heard)


async def test_an_exception_with_a_wrong_length_does_not_hang() -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port, patience=5) as link:
        with pytest.raises(RefusedError, match=r"no such register .register 39999, exception 2"):
            await link.read(39999)
        assert await link.read(32104) == [60]
        assert link.sessions == 1


async def test_more_registers_than_the_device_answers_are_not_asked() -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port) as link:
        with pytest.raises(ValueError, match="33 registers are too many"):
            await link.read(43100, LARGEST_READ + 1)
        assert link.sessions == 0


async def test_joining_twice_is_one_session_with_the_longest_times() -> None:
    async with serve(Cell()) as venus:
        async with modbus(HOST, venus.port, gap=0.01, patience=2) as one:
            async with modbus(HOST, venus.port, gap=0.02, patience=1) as other:
                assert one is other
                await asyncio.gather(*(other.read(32104) for _ in range(4)))
                assert (one.gap, one.patience) == (0.02, 2)
            await one.read(32104)
        assert (venus.sessions, venus.turned_away) == (1, 0)


async def test_two_names_of_one_device_are_one_session() -> None:
    async with serve(Cell()) as venus:
        async with modbus("localhost", venus.port) as one, modbus(HOST, venus.port) as other:
            assert await one.read(32104) == await other.read(32104)
        assert (venus.sessions, venus.turned_away) == (1, 0)


async def test_one_address_cannot_be_framed_in_two_ways() -> None:
    async with modbus(HOST, 1), asyncio.timeout(5):
        with pytest.raises(ValueError, match=r"127\.0\.0\.1:1 is in use with `framing: tcp`"):
            async with modbus(HOST, 1, framing="rtu"):
                pass


async def test_a_closed_session_is_left_to_rest_before_the_next() -> None:
    async with serve(Cell(), slot_rest=0.1) as venus:
        async with modbus(HOST, venus.port, rest=0.15) as link:
            await link.read(32104)
            await link.renew()
            await link.read(32104)
        async with modbus(HOST, venus.port, rest=0.15) as link:
            await link.read(32104)
        assert (venus.sessions, venus.turned_away) == (3, 0)


async def test_a_session_the_device_closed_while_idle_is_opened_again_unseen() -> None:
    async with serve(Cell(), slot_rest=0.0) as venus, modbus(HOST, venus.port, rest=0.02) as link:
        await link.read(32104)
        venus.hang_up()
        await asyncio.sleep(0.02)
        assert await link.read(32104) == [60]
        assert link.sessions == 2


async def test_a_session_lost_while_waiting_is_told_at_once() -> None:
    async with serve(Cell(), slot_rest=0.0) as venus, modbus(HOST, venus.port, rest=0.02) as link:
        await link.read(32104)
        venus.stall(60)
        asked = asyncio.create_task(link.read(32104))
        await asyncio.sleep(0.02)
        venus.hang_up()
        with pytest.raises(ConnectionError, match="closed the connection"):
            await asked
        venus.resume()
        assert await link.read(32104) == [60]


async def test_a_request_is_sent_once_however_long_the_answer_takes() -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port, patience=5) as link:
        venus.stall(0.2)
        await link.write(42020, [100])
        assert venus.writes == [(42020, 100)]


async def test_who_stops_waiting_leaves_no_answer_behind_for_the_next() -> None:
    for framing in ("tcp", "rtu"):
        async with (
            serve(Cell(), framing=framing) as venus,
            modbus(HOST, venus.port, framing=framing, patience=5) as link,
        ):
            venus.stall(0.1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await link.read(31000)
            assert await link.read(32104) == [60]
            assert link.sessions == 1


async def test_a_late_answer_to_another_request_is_skipped() -> None:
    late = bytes.fromhex("fffe0000000501 0302 0009")
    right = b"%" + bytes.fromhex("0000000501 0302 0007")
    async with scripted(late + right) as port, modbus(HOST, port, patience=5) as link:
        assert await link.read(1) == [7]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "not Modbus tcp"),
        (b"%" + bytes.fromhex("0000000501 0302"), "gave no answer"),  # half a frame
        (b"%" + bytes.fromhex("0000000501 0304 0007"), "not Modbus tcp"),  # says more than it has
        (b"%" + bytes.fromhex("0000000701 0304 00070008"), "gave 2 registers for 1"),
        (b"%" + bytes.fromhex("0000000601 0600 010007"), "not Modbus tcp"),  # an answer to a write
        (b"%" + bytes.fromhex("0000000501 6302 0007"), "not Modbus tcp"),
        (b"%" + bytes.fromhex("0000ffff01 0302") + b"\0" * 600, "not Modbus tcp"),  # endless
    ],
)
async def test_garbage_is_an_os_error_that_names_the_device(answer: bytes, said: str) -> None:
    async with scripted(answer) as port, modbus(HOST, port, patience=0.2) as link:
        with pytest.raises(OSError, match=rf"127\.0\.0\.1:{port} .*{said}"):
            await link.read(1)


async def test_a_damaged_rtu_frame_is_told_at_once() -> None:
    damaged = bytes.fromhex("010302000779ff")
    async with scripted(damaged) as port, modbus(HOST, port, framing="rtu", patience=5) as link:
        with pytest.raises(OSError, match="not Modbus rtu"):
            await link.read(1)


@settings(deadline=None, max_examples=40)
@given(noise=st.binary(min_size=1, max_size=300))
def test_no_noise_does_more_than_raise_an_os_error(noise: bytes) -> None:
    async def hear() -> None:
        async with scripted(noise) as port, modbus(HOST, port, patience=0.01) as link:
            with pytest.raises(OSError, match="127"):
                await link.read(1)

    asyncio.run(hear())


async def test_the_last_to_leave_takes_unanswered_requests_along() -> None:
    async with serve(Cell()) as venus:
        async with modbus(HOST, venus.port, patience=5) as link:
            venus.stall(60)
            asked = asyncio.create_task(link.read(32104))
            await asyncio.sleep(0.02)
        with pytest.raises(asyncio.CancelledError):
            await asked


async def test_pymodbus_says_nothing_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    async with serve(Cell()) as venus, modbus(HOST, venus.port) as link:
        with pytest.raises(RefusedError):
            await link.read(1, device=9)
        with pytest.raises(RefusedError):
            await link.write(42000, [1])
    assert [line.name for line in caplog.records if line.levelno > logging.DEBUG] == []
