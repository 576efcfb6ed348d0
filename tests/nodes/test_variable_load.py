"""variable_load: watts become the percent of a variator, and off is what it is given back to."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Store
from nodes._helpers.curve import straight
from nodes._helpers.variator import Variator
from nodes.variable_load import variable_load
from tests.nodes.loads import driven, says
from tests.nodes.mqtt import peer
from tests.nodes.streams import until

POINTS = "100,0;2300\n75,0;1950\n50,0;1150\n25,0;210\n0,0;1\n"
pytestmark = pytest.mark.usefixtures("hurry")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "power_calibration_ecs.csv"
    path.write_text(POINTS)
    return path


async def test_it_is_off_at_the_start_and_tells_what_it_can(mosquitto, topic, file):
    async with (
        peer(mosquitto, topic) as other,
        driven(variable_load, mosquitto, topic=topic, calibration=file) as load,
    ):
        await other.hears(b"0")
        await load.accepts(0.0)
        assert load.records == [
            Battery(
                setpoint=0.0, online=True, max_charge=2300.0, max_discharge=0.0, min_power=101.0
            )
        ]


async def test_watts_become_the_percent_of_its_calibration_file(mosquitto, topic, file):
    async with (
        peer(mosquitto, topic) as other,
        driven(variable_load, mosquitto, topic=topic, calibration=file) as load,
    ):
        await load.accepts(0.0)
        for watts, taken in ((-1150.0, None), (-680.0, None), (-9000.0, -2300.0), (-100.0, 0.0)):
            load.put(watts)
            await load.accepts(watts if taken is None else taken)
        await other.hears(b"0", b"50", b"37.5", b"100", b"0")


async def test_what_would_discharge_is_off(mosquitto, topic, file):
    async with driven(variable_load, mosquitto, topic=topic, calibration=file) as load:
        load.put(-1150.0)
        await load.accepts(-1150.0)
        load.put(500.0)
        await load.accepts(0.0)


async def test_given_back_it_is_off(mosquitto, topic, file):
    async with (
        peer(mosquitto, topic) as other,
        driven(variable_load, mosquitto, topic=topic, calibration=file) as load,
    ):
        load.put(-1150.0)
        await load.accepts(-1150.0)
        load.put(None)
        await load.accepts(0.0)
        await other.hears(b"0", b"50", b"0")


@pytest.mark.parametrize("way", ["cancelled", "its stream ends"])
async def test_however_it_ends_it_is_off(mosquitto, topic, file, way):
    async with peer(mosquitto, topic) as other:
        async with driven(variable_load, mosquitto, topic=topic, calibration=file) as load:
            load.put(-1150.0)
            await load.accepts(-1150.0)
            if way == "its stream ends":
                load.box.close()
                await load.task
        await other.hears(b"0", b"50", b"0")


async def test_the_command_is_kept_by_the_broker_for_a_variator_that_starts(mosquitto, topic, file):
    async with driven(variable_load, mosquitto, topic=topic, calibration=file) as load:
        load.put(-1150.0)
        await load.accepts(-1150.0)
        async with peer(mosquitto, topic) as late:
            await until(lambda: late.kept == [(topic, b"50")])


async def test_a_variator_that_starts_is_told_again(mosquitto, topic, file):
    boot = f"{topic}/boot"
    settings = {"topic": topic, "calibration": file, "boot": boot}
    async with (
        peer(mosquitto, topic) as other,
        driven(variable_load, mosquitto, **settings) as load,
    ):
        load.put(-1150.0)
        await other.hears(b"0", b"50")  # so the broker knows that it listens for the start, too
        await other.publish(boot, '{"type": "vload", "id": "ecs", "ip": 10.0.0.7}')
        await other.hears(b"0", b"50", b"50")


async def test_a_percent_that_it_answers_is_read_back(mosquitto, topic, file):
    settings = {"topic": f"{topic}/cmd", "calibration": file, "answers": topic}
    async with peer(mosquitto) as other, driven(variable_load, mosquitto, **settings) as load:
        load.put(-1150.0)
        await load.accepts(-1150.0)
        answer = json.dumps({"percent": 25.0, "power": 0, "state": "ON"})
        await says(other, topic, answer, load, -210.0)


async def test_nonsense_that_it_answers_is_told_once_and_passed_over(
    mosquitto, topic, file, caplog
):
    settings = {"topic": f"{topic}/cmd", "calibration": file, "answers": topic}
    async with peer(mosquitto) as other, driven(variable_load, mosquitto, **settings) as load:
        await load.accepts(0.0)
        await says(other, topic, '{"percent": "50"}', load, -1150.0)
        for payload in (b"\xff\x00", b"{", b'{"percent": "all"}', b'{"percent": NaN}', b"[1]"):
            await other.publish(topic, payload)
        await says(other, topic, '{"percent": "25"}', load, -210.0)
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_one_that_used_to_answer_and_does_not_is_away(mosquitto, topic, file):
    store = Store({"answers": True})
    settings = {"topic": f"{topic}/cmd", "calibration": file, "answers": topic, "store": store}
    settings["patience"] = 0.3
    with pytest.raises(TimeoutError, match=r"no answer in 0\.3s; is it powered"):
        async with driven(variable_load, mosquitto, **settings) as load:
            await load.task
    assert load.records == [Battery(online=False)]


async def test_one_that_never_answered_is_trusted(mosquitto, topic, file):
    settings = {"topic": f"{topic}/cmd", "calibration": file, "answers": topic, "patience": 0.1}
    async with driven(variable_load, mosquitto, **settings) as load:
        load.put(-1150.0)
        await load.accepts(-1150.0)
        await asyncio.sleep(0.15)
        assert not load.task.done()


async def test_after_an_outage_of_the_broker_it_is_told_again(own_mosquitto, topic, file):
    url = own_mosquitto.url
    async with driven(variable_load, url, topic=topic, calibration=file) as load:
        load.put(-1150.0)
        await load.accepts(-1150.0)
        own_mosquitto.stop()
        await until(lambda: load.records[-1] == Battery(online=False))
        load.put(None)
        own_mosquitto.start()
        await load.accepts(0.0)
        async with peer(url, topic) as late:
            await until(lambda: late.kept == [(topic, b"0")])


async def test_a_broken_calibration_file_is_told_with_its_place(mosquitto, topic, file):
    file.write_text("100;2300\nhalf;1150\n")
    with pytest.raises(OSError, match="line 2"):
        async with driven(variable_load, mosquitto, topic=topic, calibration=file) as load:
            await load.task


@given(st.floats(0, 4000), st.floats(1, 3000))
def test_what_is_told_never_draws_more_than_asked_and_never_little(watts, most):
    variator = Variator(straight(most), 101.0, 4.0)
    drawn = variator.draws(watts)
    assert drawn <= max(watts, 0.0) + most * 0.5e-4 + 1e-9
    assert drawn == 0 or drawn >= 0.04 * most - 1e-9
    assert 0 <= float(variator.payload(watts)) <= 100
