"""dsmr: telegrams from a gateway at the P1 port."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log, Secret
from nodes._helpers.dsmr import LARGEST, Telegrams, check, crc, power
from nodes._helpers.sealed import AUTH, Sealed
from nodes.dsmr import dsmr
from tests.nodes.web import take

LOG = Log("meter")
FIXTURES = Path(__file__).parent.parent / "fixtures" / "dsmr"
VECTOR = (
    b"/TST5\\2DEMO\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(250101120000W)\r\n"
    b"1-0:1.7.0(00.532*kW)\r\n1-0:2.7.0(00.000*kW)\r\n!"
)


def stored(name: str) -> bytes:
    """A telegram as it was on the wire."""
    text = (FIXTURES / name).read_bytes().replace(b"\r\n", b"\n").rstrip(b"\n")
    return text.replace(b"\n", b"\r\n") + b"\r\n"


def signed(body: bytes) -> bytes:
    return body + b"%04X\r\n" % crc(body)


def telling(*objects: str) -> bytes:
    return signed(("/TST5\r\n\r\n" + "".join(f"{one}\r\n" for one in objects) + "!").encode())


ISK, OK, OLD = stored("v5_isk.txt"), stored("v5_ok.txt"), stored("v2_2_kfm.txt")
LONE = telling("1-0:1.7.0(00.532*kW)")


@asynccontextmanager
async def gateway(*chunks: bytes, stay: bool = True) -> AsyncIterator[int]:
    """Send chunks to whoever comes; with `stay`, keep the connection then."""

    served = set[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.add(asyncio.current_task())
        with suppress(ConnectionError):
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
                await asyncio.sleep(0)
            if stay:
                await reader.read()  # until the other side goes
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, served))


async def reading(port: int, count: int, **settings: float | str) -> list[float]:
    return await take(dsmr(host="127.0.0.1", port=port, log=LOG, **settings), count)


def test_the_crc_is_that_of_the_standard():
    assert crc(b"123456789") == 0xBB3D
    assert crc(VECTOR) == 0xD137


@pytest.mark.parametrize(
    ("telegram", "phase", "watts"),
    [
        (VECTOR + b"D137\r\n", "all", 532.0),
        (ISK, "all", -498.0),
        (ISK, "l1", -676.0),
        (ISK, "l2", 33.0),
        (ISK, "l3", 132.0),
        (OK, "all", -11111.0),
        (OK, "l2", 2222.0 - 5555.0),
        (OLD, "all", 980.0),
        (telling("1-0:1.7.0(500*W)", "1-0:2.7.0(0*W)"), "all", 500.0),
        (LONE, "all", 532.0),
        (telling("1-0:2.7.0(01.5*kW)"), "all", -1500.0),
        (telling("1-0:1.7.0(01.5*kW)", "1-0:99.97.0(1)(1-0:1.7.0(09.0*kW))"), "all", 1500.0),
        (telling("1-0:1.7.0(01.5*kW)", "1-0:1.7.0(09.0*kW)"), "all", 1500.0),
    ],
)
def test_import_is_positive_and_export_negative(telegram, phase, watts):
    assert power(check(telegram), phase) == watts


WILD = {
    "v2_2_kfm": 980.0, "v2_2_mangled": 680.0, "v3_ok": -417550.0, "unknown_xmx": 550.0,
    "4_0_isk_1": 1193.0, "4_0_spec_example": 1193.0, "4_2_xmx_1": 494.0, "5_0_ene_1": -566.0,
    "5_0_ene_3": 723.0, "5_0_spec_example": 1193.0, "v5_isk": -498.0, "v5_ok": -11111.0,
    "emucs": 0.0, "kamstrup_omnia": 2424.0,
}  # fmt: skip


def again_signed(telegram: bytes) -> bytes:
    """Give a telegram that was made anonymous the CRC that it has now, if it had one."""
    body, _, told = telegram.rpartition(b"!")
    return signed(body + b"!") if told.strip() else telegram


@pytest.mark.parametrize("name", WILD)
async def test_telegrams_of_the_wild_are_read_as_others_read_them(name):
    async with gateway(again_signed(stored(f"{name}.txt"))) as port:
        assert await reading(port, 1) == [WILD[name]]


def test_every_telegram_that_is_kept_is_read():
    kept = {path.stem for path in FIXTURES.glob("*.txt")}
    assert kept == {*WILD, "luxembourg_encrypted"}


BROKEN = [
    VECTOR + b"D138\r\n",
    VECTOR + b"\r\n",
    ISK.replace(b"00.498", b"00.489"),
    ISK[:200] + ISK[230:],
    OLD.replace(b"\r\n!", b"\r\n!ABCD"),
    telling("1-0:1.7.0(--.---*kW)"),
    telling("1-0:1.7.0(nan*kW)"),
    telling("1-0:1.7.0(1e999*kW)"),
    telling("1-0:1.7.0()"),
    telling("1-0:1.8.0(1.0*kWh)"),
    b"/\r\n!\r\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_did_not_come_whole_is_refused(broken):
    with pytest.raises(ValueError, match=r"a telegram with|not a number|not finite"):
        power(check(broken))


def test_a_phase_that_is_not_told_is_refused():
    with pytest.raises(ValueError, match="without the power of l2"):
        power(check(OLD), "l2")


async def test_one_value_comes_per_telegram():
    async with gateway(ISK, OK + OLD, LONE) as port:
        assert await reading(port, 4) == [-498.0, -11111.0, 980.0, 532.0]


@pytest.mark.parametrize("broken", [*BROKEN[:4], b"\xff\x00" * 20_000 + b"\r\n", ISK[:-40]])
async def test_a_broken_one_is_passed_over(broken):
    async with gateway(ISK[300:], broken, ISK, OK) as port:
        assert (await reading(port, 2))[-1] == -11111.0


async def test_broken_ones_are_told_once(caplog):
    async with gateway(*BROKEN, ISK) as port:
        assert await reading(port, 1) == [-498.0]
    told = [record.message for record in caplog.records if record.name == "meter"]
    assert "a telegram with CRC 'D138', not b'D137'" in told[0]
    assert told[1:] == [f"127.0.0.1:{port} makes sense again, after {len(BROKEN)} odd ones"]


async def test_silence_is_a_meter_that_is_away():
    async with gateway(ISK) as port:
        with pytest.raises(TimeoutError, match=r"said nothing for 0\.05s; is its cable in"):
            await reading(port, 2, patience=0.05)


async def test_a_connection_that_ends_is_a_meter_that_is_away():
    async with gateway(ISK, stay=False) as port:
        with pytest.raises(ConnectionError, match="closed the connection"):
            await reading(port, 2)


async def test_nobody_there_is_a_meter_that_is_away():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening
        with pytest.raises(OSError, match=r"does not answer: .*; is it switched on"):
            await reading(held.getsockname()[1], 1)


@given(st.lists(st.integers(1, 900), max_size=30), st.binary(max_size=40))
def test_telegrams_are_the_same_however_they_are_cut(cuts, before):
    stream = before.replace(b"/", b"").replace(b"!", b"") + b"\r\n" + ISK + OK + OLD
    telegrams, found, rest = Telegrams(), [], stream
    for cut in [*cuts, len(stream)]:
        found += telegrams.feed(rest[:cut])
        rest = rest[cut:]
    assert found == [ISK, OK, OLD]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_noise_neither_hurts_nor_piles_up(chunks):
    telegrams = Telegrams()
    for chunk in chunks:
        for telegram in telegrams.feed(chunk):
            with suppress(ValueError):
                power(check(telegram))
    assert len(telegrams._waiting) <= LARGEST
    assert telegrams.feed(b"\r\n" + ISK)[-1] == ISK


LUX = bytes.fromhex((FIXTURES / "luxembourg_encrypted.txt").read_text())
KEY, ITS_AUTH = Secret("0123456789abcdef" * 2), Secret("ffeeddccbbaa99887766554433221100")


def sealed(text: bytes, counter: int = 1, auth: Secret = AUTH) -> bytes:
    """Encipher as a meter does."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    title, count = b"LUX12345", counter.to_bytes(4, "big")
    known = b"\x30" + bytes.fromhex(auth.reveal())
    inside = AESGCM(bytes.fromhex(KEY.reveal())).encrypt(title + count, text, known)
    size = len(inside) - 16 + 17  # ours has a tag of 12, not 16
    return b"\xdb\x08" + title + b"\x82" + size.to_bytes(2, "big") + b"\x30" + count + inside[:-4]


ONE, TWO = sealed(ISK), sealed(OK, 2)


def test_an_enciphered_telegram_of_the_wild_is_opened():
    [text] = Sealed(KEY, ITS_AUTH).feed(LUX)
    assert text.startswith("/Lux5")
    assert power(text) == 5.0


async def test_one_value_comes_per_enciphered_telegram(caplog):
    async with gateway(ONE[:100], ONE[100:] + TWO) as port:
        assert await reading(port, 2, key=KEY) == [-498.0, -11111.0]
    assert caplog.records == []


def test_each_byte_alone_is_enough():
    parts = Sealed(KEY, AUTH)
    found = [text for at in range(len(ONE + TWO)) for text in parts.feed((ONE + TWO)[at : at + 1])]
    assert [power(text) for text in found] == [-498.0, -11111.0]


@pytest.mark.parametrize(
    "broken",
    [
        ONE[:-40],
        ONE[300:],
        ONE[:200] + ONE[230:],
        ONE[:500] + b"\0" + ONE[501:],
        b"\xdb\x08" * 30,
        ISK,
        bytes(40_000),
        b"\xff" * 40_000,
        b"\xdb\x08LUX12345\x82\xff\xff\x300000",
    ],
)
async def test_what_does_not_open_is_passed_over(broken):
    async with gateway(broken, ONE, TWO, ONE) as port:
        assert (await reading(port, 2, key=KEY))[0] in (-498.0, -11111.0)


async def test_a_wrong_key_is_told_once_and_shown_to_nobody(caplog):
    wrong = Secret("f" * 32)
    async with gateway(ONE, TWO, ONE, stay=False) as port:
        with pytest.raises(ConnectionError):
            await reading(port, 1, key=wrong)
    assert ["are key and auth its own" in line.message for line in caplog.records] == [True]
    assert wrong.reveal() not in caplog.text


@pytest.mark.parametrize("key", ["", "12", "x" * 32, "0" * 33])
async def test_a_key_that_is_none_is_told_and_not_shown(key):
    with pytest.raises(ValueError, match="key is 32 digits"):
        await take(dsmr(host="127.0.0.1", port=9, key=Secret(key), log=LOG), 1)


async def test_without_the_library_it_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(OSError, match="pip install cryptography"):
        await take(dsmr(host="127.0.0.1", port=9, key=KEY, log=LOG), 1)


@given(st.binary(max_size=80), st.integers(0, len(ONE)), st.integers(0, len(ONE)))
def test_whatever_comes_opens_as_what_was_sealed_or_not_at_all(junk, start, end):
    found = Sealed(KEY, AUTH).feed(ONE[:start] + junk + ONE[end:] + ONE + TWO + bytes(LARGEST))
    texts = {text for text in found if isinstance(text, str)}
    assert texts <= {ISK.decode().replace("\r", ""), OK.decode("latin1").replace("\r", "")}
    assert len(texts) == 2
