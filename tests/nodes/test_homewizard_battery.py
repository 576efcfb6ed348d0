"""homewizard_battery: a plug-in battery, or the group behind a meter."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, Log, Secret
from nodes._helpers.homewizard_v2 import group, plug_in
from nodes.homewizard_battery import homewizard_battery
from tests.nodes import homewizard
from tests.nodes.homewizard import TOKEN, Device, fixture, serve
from tests.nodes.streams import hearing, until
from tests.nodes.web import take

LOG = Log("battery")
METER = fixture("p1_device")
BATTERY = METER | {"product_type": "HWE-BAT"}
GROUP = fixture("p1_batteries")
OWN = fixture("bat_measurement")


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    return homewizard.papers(tmp_path_factory.mktemp("papers"))


def source(host: str, **settings: Any) -> Any:
    return homewizard_battery(
        host=host, **({"token": TOKEN, "every": 0.01, "ca": "none", "log": LOG} | settings)
    )


async def test_a_battery_tells_its_power_and_its_charge_and_discharging_is_positive(papers):
    device = Device(**{"": BATTERY, "measurement": OWN})
    async with serve(device, papers) as host:
        [told] = await take(source(host), 1)
    assert told == Battery(
        power=-1234.0, soc=50.123, charged=123456.0, discharged=321654.0, self_regulating=True
    )


async def test_a_meter_tells_of_all_its_batteries(papers):
    device = Device(**{"": METER, "batteries": GROUP})
    async with serve(device, papers) as host:
        first, second = await take(source(host), 2)
    assert first == second
    assert first == Battery(
        power=404.0, max_charge=1600.0, max_discharge=800.0, mode="zero", self_regulating=True
    )
    assert [request.path for request in device.asked].count("/api") == 1


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ({"mode": "zero"}, "zero"),
        ({"mode": "zero", "permissions": ["charge_allowed"]}, "charge_only"),
        ({"mode": "zero", "permissions": ["discharge_allowed"]}, "discharge_only"),
        ({"mode": "zero", "permissions": ["discharge_allowed", "charge_allowed"]}, "zero"),
        ({"mode": "standby", "permissions": []}, "standby"),
        ({"mode": "to_full", "permissions": ["charge_allowed"]}, "to_full"),
        ({"mode": "something new"}, "something new"),
    ],
)
def test_the_mode_is_the_word_that_homewizard_mode_takes(said, mode):
    told = group({"power_w": 0} | said)
    assert (told.mode, told.self_regulating) == (mode, mode != "standby")
    assert told.power == 0.0


@pytest.mark.parametrize(
    "nonsense", ["", "[]", "{}", '{"mode": 1, "power_w": 2}', '{"mode": "zero", "power_w": NaN}']
)
async def test_nonsense_is_told_once_and_passed_over(papers, nonsense, caplog):
    device = Device(**{"": METER, "batteries": nonsense})
    async with serve(device, papers) as host, hearing(source(host)) as heard:
        await until(lambda: len(device.asked) > 3)
        device.pages["/api/batteries"] = GROUP
        await until(lambda: heard.values)
    told = [record.message for record in caplog.records if record.name == "battery"]
    assert "talks nonsense" in told[0]
    assert "makes sense again" in told[1]
    assert len(told) == 2


async def test_a_token_that_is_not_known_and_a_firmware_without_batteries_are_told(papers):
    async with serve(Device(**{"": METER}), papers) as host:
        with pytest.raises(OSError, match=r"401 .*flowctl pair homewizard"):
            await take(source(host, token=Secret("wrong")), 1)
        with pytest.raises(OSError, match=r"404 .*firmware new enough"):
            await take(source(host), 1)


KEYS = ["power_w", "mode", "permissions", "max_consumption_w", "state_of_charge_pct"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from(KEYS), part),
)


@given(JSON)
def test_whatever_is_said_is_a_finite_power_or_refused(said):
    for read in (plug_in, group):
        with suppress(ValueError):
            assert abs(read(json.loads(json.dumps(said))).power) < float("inf")
