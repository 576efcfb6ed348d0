"""b2500_mqtt against a simulated storage on a real broker: timers that write no flash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Store, Terms
from flowctl.finite import is_finite
from nodes._helpers.hame_b2500 import Schedule, Slot, read_status, steady
from nodes._helpers.hame_id import encipher, new_id
from nodes._helpers.hame_session import ways
from nodes.b2500_mqtt import TERMS, b2500_mqtt
from nodes.sim.b2500_mqtt_client import MAC, HameB2500, Quirks, Timers, serve
from tests.brokers import Mosquitto
from tests.nodes.driven import Cell, Driven, driven
from tests.nodes.mqtt import peer
from tests.nodes.streams import until

# As a storage sent it: tomquist/hm2mqtt, src/parser.test.ts.
SAMPLE = (
    b"p1=0,p2=0,w1=0,w2=0,pe=14,vv=224,sv=3,cs=0,cd=0,am=0,o1=0,o2=0,do=90,lv=800,cj=1,kn=313,"
    b"g1=0,g2=0,b1=0,b2=0,md=0,d1=1,e1=0:0,f1=23:59,h1=800,d2=0,e2=0:0,f2=23:59,h2=200,d3=0,"
    b"e3=0:0,f3=23:59,h3=800,sg=0,sp=80,st=0,tl=12,th=13,tc=0,tf=0,fc=202310231502,id=5,a0=14,"
    b"a1=0,a2=0,l0=0,l1=0,c0=255,c1=4,bc=622,bs=512,pt=1552,it=1332,m0=0,m1=0,m2=0,m3=0,d4=0,"
    b"e4=2:0,f4=23:59,h4=50,d5=0,e5=0:0,f5=23:59,h5=347,lmo=1377,lmi=614,lmf=0,uv=10"
)
SHORT = b"p1=1,p2=2,w1=0,w2=0,pe=14,vv=224,sv=3,cs=0,cd=0,am=0,o1=0,o2=0,do=90,lv=800,g1=0,g2=0"
NEW = "226165e78ca160a3ef4c552ff0ecc8ad"


@pytest.fixture
def broker(own_mosquitto: Mosquitto) -> str:
    return own_mosquitto.url


def settings(url: str, **more: Any) -> dict[str, Any]:
    given = {"broker": url, "mac": MAC, "poll": 0.05, "patience": 2.0, "terms": TERMS}
    return {**given, "store": Store(), **more}


@asynccontextmanager
async def borrowed(
    url: str, cell: Cell | None = None, *, storage: dict[str, Any] | None = None, **more: Any
) -> AsyncIterator[tuple[Driven, HameB2500, Cell]]:
    unit = cell or Cell()
    async with (
        serve(unit, url, **(storage or {})) as server,
        driven(b2500_mqtt, **settings(url, **more)) as device,
    ):
        yield device, server, unit


def test_its_newer_name_is_its_mac_enciphered():
    assert new_id("acd929a74b20") == NEW


def test_the_cipher_is_the_standard_one():  # FIPS 197, appendices B and C.1
    plain, key = bytes.fromhex("00112233445566778899aabbccddeeff"), bytes(range(16))
    assert encipher(plain, key).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
    plain = bytes.fromhex("3243f6a8885a308d313198a2e0370734")
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    assert encipher(plain, key).hex() == "3925841d02dc09fbdc118597196a0b32"


@pytest.mark.parametrize(
    ("kind", "names"),
    [("HMA-1", [MAC, NEW]), ("HMJ-2", [MAC, NEW]), ("HMB-1", [MAC]), ("HMG-50", [MAC])],
)
def test_it_is_met_by_both_prefixes_and_every_name_it_may_have(kind, names):
    asks = {way.ask for way in ways(kind, "AC:D9:29:A7:4B:20")}
    assert asks == {
        f"{prefix}/{kind}/App/{name}/ctrl"
        for prefix in ("hame_energy", "marstek_energy")
        for name in names
    }


def test_a_name_that_is_given_goes_before_the_one_made_of_the_mac():
    assert "marstek_energy/HMA-1/App/abc/ctrl" in {way.ask for way in ways("HMA-1", MAC, "abc")}


@pytest.mark.parametrize("mac", ["", "12", "acd929a74b2g!", "192.168.1.20"])
def test_what_is_no_mac_is_refused(mac):
    with pytest.raises(ValueError, match="is not a MAC"):
        ways("HMA-1", mac)


def test_a_real_answer_is_read():
    status, odd = read_status(SAMPLE)
    assert status is not None
    assert odd == []
    battery = status.battery
    assert (battery.power, battery.soc, battery.pv_power) == (0.0, 14.0, 0.0)
    assert (battery.temperature, battery.self_regulating) == (13.0, False)
    assert status.schedule == Schedule(
        adaptive=False,
        slots=(
            Slot(True, "00:00", "23:59", 800),
            Slot(False, "00:00", "23:59", 200),
            Slot(False, "00:00", "23:59", 800),
            Slot(False, "02:00", "23:59", 50),
            Slot(False, "00:00", "23:59", 347),
        ),
    )


def test_one_that_is_discharged_as_far_as_it_may_be_is_told():
    status, _ = read_status(SAMPLE.replace(b"pe=14", b"pe=10"))
    assert status is not None
    assert status.empty


@pytest.mark.parametrize(("firmware", "slots"), [(b"vv=224,sv=3", 5), (b"vv=217,sv=9", 3)])
def test_without_timers_in_the_answer_the_firmware_tells_how_many_there_are(firmware, slots):
    status, _ = read_status(SHORT.replace(b"vv=224,sv=3", firmware))
    assert status is not None
    assert len(status.schedule.slots) == slots


def test_the_first_version_has_no_meter_of_its_own():
    text = SAMPLE.replace(b"md=0", b"md=1").replace(b"sg=0", b"sg=1")
    assert read_status(text)[0].battery.self_regulating  # type: ignore[union-attr]
    assert not read_status(text, timers_only=True)[0].battery.self_regulating  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b"\xff\xfe", b"pe", b"cd=1" * 9000, b"a=1;b=2", b"=,=", b"\x00" * 100]
)
def test_what_is_no_list_is_refused(payload):
    with pytest.raises(ValueError, match="not a list"):
        read_status(payload)


def test_answers_to_other_questions_are_passed_over():
    assert read_status(b"b0=3300,b1=3301,b2=3299") == (None, [])


def test_a_number_that_is_none_is_left_out():
    status, odd = read_status(SAMPLE.replace(b"pe=14", b"pe=nan").replace(b"g1=0", b"g1=1e9"))
    assert status is not None
    assert (status.battery.soc, status.battery.power) == (None, None)
    assert len(odd) == 2


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(payload):
    try:
        status, _ = read_status(payload)
    except ValueError:
        return
    assert status is None or is_finite(status.battery)


@given(st.integers(1, 800), st.integers(3, 5), st.datetimes(), st.floats(60, 7200))
def test_a_command_names_every_timer_and_its_window_holds_now(watts, count, now, seconds):
    moment = now.replace(tzinfo=UTC)
    if moment.year < 2 or moment.year > 9990:
        return
    schedule = steady(float(watts), count, (moment, seconds))
    text = schedule.command().decode()
    assert text.startswith("cd=20,md=0,")
    for number in range(1, count + 1):
        assert all(f"{key}{number}=" in text for key in "abev")
    rows = [(int(slot.on), slot.begins, slot.ends, slot.watts) for slot in schedule.slots]
    assert Timers(0, rows).power(f"{moment:%H:%M}", 0.0) == watts
    assert sum(slot.on for slot in schedule.slots) <= 2


def test_the_whole_command_for_a_power():
    assert steady(400.0, 3).command() == (
        b"cd=20,md=0,a1=1,b1=00:00,e1=23:59,v1=400,"
        b"a2=0,b2=00:00,e2=23:59,v2=80,a3=0,b3=00:00,e3=23:59,v3=80"
    )


def test_a_window_over_midnight_takes_two_timers():
    now = datetime(2026, 3, 1, 23, 58, 30, tzinfo=UTC)
    first, second, *others = steady(400.0, 5, (now, 180.0)).slots
    assert first == Slot(True, "23:56", "23:59", 400)
    assert second == Slot(True, "00:00", "00:02", 400)
    assert not any(slot.on for slot in others)


async def test_it_tells_what_the_storage_tells(broker):
    async with borrowed(broker, Cell(power=321.0, soc=45.0)) as (device, _, _):
        await device.hears("power", 321.0)
        await device.hears("soc", 45.0)
        assert device.records[0].max_charge == 0.0
        assert device.told("min_power")[0] == 80.0


@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"prefix": "marstek_energy", "name": NEW},
        {"prefix": "hame_energy", "name": NEW},
        {"prefix": "marstek_energy"},
        {"quirks": Quirks(slots=3)},
    ],
    ids=["old", "new", "new name", "new prefix", "three timers"],
)
async def test_a_setpoint_is_told_by_a_timer_whatever_firmware(broker, storage):
    async with borrowed(broker, storage=storage) as (device, server, cell):
        device.box.put(400.0)
        await device.hears("setpoint", 400.0)
        await device.until(lambda: cell.power == 400.0)
        await device.hears("power", 400.0)
        assert server.flashed == 0
        assert len(server.heard) == 1


async def test_what_is_told_before_it_answers_is_told_when_it_does(broker):
    quirks = Quirks(deaf=True)
    more = {"storage": {"quirks": quirks}}
    async with borrowed(broker, poll=0.2, **more) as (device, _, cell):
        device.box.put(400.0)
        await asyncio.sleep(0.05)
        assert device.told("setpoint") == []
        quirks.deaf = False
        await device.hears("setpoint", 400.0)
        await device.until(lambda: cell.power == 400.0)


@pytest.mark.parametrize(
    ("asked", "given"), [(39.0, 0.0), (41.0, 80.0), (900.0, 800.0), (-5.0, 0.0)]
)
async def test_small_powers_are_the_floor_or_nothing(broker, asked, given):
    async with borrowed(broker) as (device, _, cell):
        device.box.put(asked)
        await device.hears("setpoint", given)
        await device.until(lambda: cell.commands == [given] or not given)


async def test_no_command_of_a_long_run_writes_flash(broker):
    async with borrowed(broker) as (device, server, _):
        for watts in range(100, 800, 50):
            device.box.put(float(watts))
            await device.hears("setpoint", float(watts))
        device.box.put(RELEASE)
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        assert server.flashed == 0
        assert {text.partition(",")[0] for text in server.heard} == {"cd=20"}


async def test_given_back_it_goes_by_what_it_went_before(broker):
    cell, before = Cell(), Timers(1, [(1, "06:00", "22:00", 150), *[(0, "00:00", "23:59", 80)] * 4])
    async with borrowed(broker, cell) as (device, server, _):
        server.timers = before
        device.box.put(400.0)
        await device.until(lambda: cell.power == 400.0)
        device.box.put(RELEASE)
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        assert (server.timers.adaptive, server.timers.rows) == (1, before.rows)


async def test_released_to_zero_all_timers_are_off(broker):
    async with borrowed(broker, terms=Terms(release="zero")) as (device, server, cell):
        server.timers.rows[0] = (1, "00:00", "23:59", 300)
        device.box.put(400.0)
        await device.until(lambda: cell.power == 400.0)
        device.box.put(RELEASE)
        await device.until(lambda: cell.power == 0.0)
        assert not any(row[0] for row in server.timers.rows)


@pytest.mark.parametrize("way", ["cancelled", "completed"])
async def test_it_is_given_back_when_the_flow_ends(broker, way):
    async with borrowed(broker) as (device, server, cell):
        device.box.put(400.0)
        await device.until(lambda: cell.power == 400.0)
        if way == "completed":
            device.box.close()
            await device.task
        else:
            await device.stop()
        await until(lambda: cell.power == 0.0)
        assert not server.timers.rows[0][0]


async def test_a_release_that_waits_at_the_start_stops_it(broker):
    async with serve(Cell(), broker) as server:
        server.timers.rows[0] = (1, "00:00", "23:59", 300)
        async with driven(b2500_mqtt, **settings(broker)) as device:
            device.box.put(RELEASE)
            device.box.close()
            await device.task
        assert not any(row[0] for row in server.timers.rows)


async def test_after_a_crash_it_is_given_back_to_what_it_went_by_before_the_crash(broker):
    store, terms = Store(), Terms(lease=0.2, write_every=5.0)
    async with borrowed(broker, store=store) as (device, server, cell):
        server.timers.rows[0] = (1, "06:00", "22:00", 150)
        device.box.put(400.0)
        await device.until(lambda: cell.power == 400.0)
        kept = dict(store)  # as it is on disk when the engine dies
        await device.stop()
        server.timers = Timers(0, [(1, "00:00", "23:59", 400), *server.timers.rows[1:]])
        async with driven(b2500_mqtt, **settings(broker, store=Store(kept), terms=terms)):
            await until(lambda: server.timers.rows[0] == (1, "06:00", "22:00", 150))


async def test_a_reboot_that_forgot_is_told_by_another_setpoint(broker):
    async with borrowed(broker) as (device, server, cell):
        device.box.put(400.0)
        await device.hears("power", 400.0)
        await device.until(lambda: len(device.told("power")) > 2)
        server.reboot()
        await device.until(lambda: device.told("setpoint")[-1] == 0.0)
        device.box.put(400.0)  # the shell does that
        await device.until(lambda: cell.power == 400.0)


async def test_firmware_that_shows_its_flash_only_is_believed(broker):
    async with borrowed(broker, storage={"quirks": Quirks(hides=True)}) as (device, _, cell):
        device.box.put(400.0)
        await device.hears("power", 400.0)
        await device.until(lambda: len(device.told("power")) > 3)
        assert device.told("setpoint") == [400.0]
        await device.stop()
        await until(lambda: cell.power == 0.0)


async def test_a_storage_that_answers_no_more_is_away(broker):
    quirks = Quirks()
    async with borrowed(broker, storage={"quirks": quirks}) as (device, _, _):
        await device.hears("power", 0.0)
        quirks.deaf = True
        with pytest.raises(TimeoutError, match="has not answered 3 polls"):
            await device.until(lambda: False)


async def test_what_was_kept_by_the_broker_is_no_answer(broker):
    topic = f"hame_energy/HMA-1/device/{MAC}/ctrl"
    async with peer(broker) as other:
        await other.publish(topic, SAMPLE, retain=True)
        async with driven(b2500_mqtt, **settings(broker, poll=5.0)) as device:
            await asyncio.sleep(0.15)
            assert device.told("power") == []
            await other.publish(topic, SAMPLE)
            await device.hears("soc", 14.0)


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"\xff\xfe", b"pe=1", b"x" * 100_000])
async def test_odd_answers_change_nothing(broker, payload, caplog):
    topic = f"hame_energy/HMA-1/device/{MAC}/ctrl"
    async with peer(broker) as other, borrowed(broker) as (device, _, _):
        await device.hears("power", 0.0)
        for _ in range(3):
            await other.publish(topic, payload)
        count = len(device.records)
        await device.until(lambda: len(device.records) > count + 2)
        assert caplog.text.count("talks nonsense") <= 2, "once for each stretch of it"


async def test_while_the_broker_is_away_it_is_away(own_mosquitto):
    async with borrowed(own_mosquitto.url) as (device, _, _):
        await device.hears("power", 0.0)
        own_mosquitto.stop()
        with pytest.raises(OSError, match="broker is away"):
            await device.until(lambda: False)
        own_mosquitto.start()
