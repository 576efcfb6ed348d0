"""ha_battery: a battery that Home Assistant has as entities."""

import asyncio
import functools
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from flowctl import RELEASE, Battery, Latest, Store, Terms
from nodes._helpers import ha_socket
from nodes._helpers.ha_states import State
from nodes._helpers.ha_unit import NAMES, absence, names, ordered, orders, read_unit
from nodes.ha_battery import ha_battery
from tests.nodes import home_assistant
from tests.nodes.home_assistant import TOKEN, House, a_house
from tests.nodes.streams import LOG, until

MODE = "select.m1_forcible_charge_discharge"
CHARGE, DISCHARGE = "number.m1_forcible_charge_power", "number.m1_forcible_discharge_power"
STATE, CONTROL = "sensor.m1_inverter_state", "select.m1_rs485_control_mode"
POWER = "sensor.m1_ac_power"


def furnish(house: House, prefix: str = "m1") -> None:
    """Put the entities of one battery into a house."""
    house.put(f"sensor.{prefix}_battery_state_of_charge", 60, unit_of_measurement="%")
    house.put(f"sensor.{prefix}_battery_remaining_capacity", 3.07, unit_of_measurement="kWh")
    house.put(f"sensor.{prefix}_battery_total_energy", 5.12, unit_of_measurement="kWh")
    house.put(f"sensor.{prefix}_ac_power", 0, unit_of_measurement="W")
    house.put(f"sensor.{prefix}_inverter_state", "Standby")
    house.put(f"select.{prefix}_rs485_control_mode", "enable", options=["enable", "disable"])
    options = ["stop", "charge", "discharge"]
    house.put(f"select.{prefix}_forcible_charge_discharge", "stop", options=options)
    for way in ("charge", "discharge"):
        entity = f"number.{prefix}_forcible_{way}_power"
        house.put(entity, 0, min=0, max=2500, unit_of_measurement="W")


class Driven:
    """A device in a task, as the engine runs it."""

    def __init__(self, host: str, store: Store | None, settings: dict[str, Any]) -> None:
        self.box: Latest[Any] = Latest()
        self.told: list[Battery] = []
        settings = {"prefix": "m1", "poll": 0.02, "settle": 0.05, "terms": Terms()} | settings
        self.store = Store() if store is None else store
        device = ha_battery(self.box, host=host, token=TOKEN, store=self.store, log=LOG, **settings)
        self.task = asyncio.create_task(self._run(device))

    async def _run(self, device: Any) -> None:
        async with aclosing(device) as records:
            async for record in records:
                self.told.append(record)

    def __getattr__(self, name: str) -> list[Any]:
        """All that was told of a field."""
        found = [getattr(record, name) for record in self.told]
        return [value for value in found if value is not None]

    async def until(self, true: Any) -> None:
        await until(lambda: self.task.done() or true())
        if self.task.done():
            self.task.result()
        assert true()


@asynccontextmanager
async def driven(host: str, store: Store | None = None, **settings: Any) -> AsyncIterator[Driven]:
    device = Driven(host, store, settings)
    try:
        yield device
    finally:
        device.box.close()
        with suppress(OSError):
            await device.task


@asynccontextmanager
async def borrowed(**settings: Any) -> AsyncIterator[tuple[House, Driven]]:
    async with a_house() as (house, host):
        furnish(house)
        async with driven(host, **settings) as device:
            await device.until(lambda: device.told)
            yield house, device


async def test_it_tells_what_its_entities_say():
    async with borrowed() as (house, device):
        assert device.told[0] == Battery(
            power=0.0, soc=60.0, capacity=5120.0, max_charge=2500.0, max_discharge=2500.0,
            self_regulating=False, online=True, mode="Standby", write_every=1.0,
        )  # fmt: skip
        house.put(POWER, -500, unit_of_measurement="W")
        await device.until(lambda: device.power[-1] == -500)


WAYS = [
    (500.0, [("number.set_value", DISCHARGE, 500.0), ("select.select_option", MODE, "discharge")]),
    (-500.4, [("number.set_value", CHARGE, 500.0), ("select.select_option", MODE, "charge")]),
    (9.0, []),
]


@pytest.mark.parametrize(("watts", "calls"), WAYS)
async def test_power_is_set_first_then_the_mode(watts, calls):
    async with borrowed() as (house, device):
        device.box.put(watts)
        await device.until(lambda: device.setpoint)
        assert house.calls == calls
        assert device.setpoint == [float(round(watts)) if calls else 0.0]
    assert house.states[MODE]["state"] == "stop"


async def test_only_what_differs_is_called_but_a_repetition_is_whole():
    async with borrowed() as (house, device):
        for watts in (500.0, 700.0, 700.0, 0.0):
            device.box.put(watts)
            await device.until(lambda: not device.box._full.is_set())
            await asyncio.sleep(0.03)
    told = [(entity, value) for _, entity, value in house.calls]
    assert told == [
        (DISCHARGE, 500.0), (MODE, "discharge"),
        (DISCHARGE, 700.0),
        (DISCHARGE, 700.0), (MODE, "discharge"),
        (MODE, "stop"),
    ]  # fmt: skip


async def test_without_a_websocket_it_is_steered_all_the_same():
    async with a_house() as (house, host):
        house.lets_sockets_through = False
        furnish(house)
        async with driven(host) as device:
            device.box.put(-300.0)
            await device.until(lambda: device.setpoint == [-300.0])
            house.put(POWER, -290, unit_of_measurement="W")
            await device.until(lambda: device.power[-1] == -290)
    assert house.states[MODE]["state"] == "stop"


async def test_release_stops_it_and_looks():
    async with borrowed() as (house, device):
        device.box.put(800.0)
        await device.until(lambda: device.setpoint)
        device.box.put(RELEASE)
        await device.until(lambda: device.setpoint == [800.0, 0.0])
        assert house.states[MODE]["state"] == "stop"
        assert device.store == {"owed": False}


async def test_a_release_at_the_start_needs_no_history():
    async with a_house() as (house, host):
        furnish(house)
        house.put(MODE, "discharge", options=["stop", "charge", "discharge"])
        device = Driven(host, None, {})
        device.box.put(RELEASE)
        device.box.close()
        await device.task
    assert house.calls == [("select.select_option", MODE, "stop")]


async def test_one_that_does_not_stop_is_a_fault():
    async with borrowed() as (house, device):
        device.box.put(800.0)
        await device.until(lambda: device.setpoint)
        house.obey = lambda *_: None
        device.box.put(RELEASE)
        with pytest.raises(OSError, match="it was told to stop, and select"):
            await device.task


ABSENCES = [
    (STATE, "unavailable"),
    (STATE, "unknown"),
    (STATE, "Fault"),
    (CONTROL, "disable"),
    (CONTROL, "unavailable"),
    (MODE, "unavailable"),
]


@pytest.mark.parametrize(("entity", "state"), ABSENCES)
async def test_one_that_is_away_is_told_nothing_and_back_again_what_it_missed(
    entity, state, caplog
):
    async with borrowed() as (house, device):
        was = house.states[entity]["state"]
        house.put(entity, state)
        await device.until(lambda: device.online[-1] is False)
        device.box.put(400.0)
        await device.until(lambda: not device.box._full.is_set())
        assert house.calls == []
        house.put(entity, was)
        await device.until(lambda: device.setpoint[-1:] == [400.0])  # before, what it held
        assert device.online[-1] is True
    told = [record.message for record in caplog.records if "available" in record.message]
    assert told[0].startswith("not available: ")
    assert told[-1] == "available again"


async def test_one_that_is_away_at_its_release_is_stopped_when_it_is_back(caplog):
    async with borrowed(terms=Terms(lease=0.01)) as (house, device):
        device.box.put(400.0)
        await device.until(lambda: device.setpoint)
        house.obey = lambda *_: None
        house.put(STATE, "unavailable")
        await device.until(lambda: device.online[-1] is False)
        device.box.put(RELEASE)
        await device.until(lambda: "will be when it is back" in caplog.text)
        house.obey = house._obeyed
        house.put(STATE, "Standby")
        await device.until(lambda: house.states[MODE]["state"] == "stop")


async def test_what_a_killed_run_left_running_is_stopped_after_a_lease(caplog):
    async with a_house() as (house, host):
        furnish(house)
        house.put(MODE, "charge", options=["stop", "charge", "discharge"])
        async with driven(host, Store({"owed": True}), terms=Terms(lease=0.05)) as device:
            await device.until(lambda: house.states[MODE]["state"] == "stop")
    assert "was left running" in caplog.text


async def test_and_goes_on_if_a_setpoint_comes_before():
    async with a_house() as (house, host):
        furnish(house)
        house.put(MODE, "charge", options=["stop", "charge", "discharge"])
        async with driven(host, Store({"owed": True}), terms=Terms(lease=60.0)) as device:
            device.box.put(-100.0)
            await device.until(lambda: device.setpoint == [-100.0])
            assert (MODE, "stop") not in [(entity, value) for _, entity, value in house.calls]


async def test_one_that_resets_itself_is_read_back_and_told_so():
    async with borrowed() as (house, device):
        device.box.put(400.0)
        await device.until(lambda: device.setpoint == [400.0])
        house.put(MODE, "stop", options=["stop", "charge", "discharge"])
        await device.until(lambda: device.setpoint[-1] == 0.0)  # the engine's shell tells it again
        device.box.put(400.0)
        await device.until(lambda: house.states[MODE]["state"] == "discharge")


async def test_an_entity_that_lags_behind_is_no_reset():
    async with borrowed(settle=60.0) as (house, device):
        house.obey = lambda *_: None
        device.box.put(400.0)
        await device.until(lambda: device.setpoint)
        await device.until(lambda: len(device.told) > 5)
        assert device.setpoint == [400.0]
        house.obey = house._obeyed
        house.put(MODE, "stop", options=["stop", "charge", "discharge"])


async def test_a_refused_service_is_a_fault_and_the_battery_is_stopped():
    async with borrowed() as (house, device):
        house.refuses.add(MODE)
        device.box.put(400.0)
        with pytest.raises(OSError, match="Home Assistant refuses: it does not work"):
            await device.task
    assert house.calls[-1] == ("select.select_option", MODE, "discharge")


async def test_when_home_assistant_goes_the_device_says_so_and_remembers():
    async with borrowed() as (house, device):
        device.box.put(400.0)
        await device.until(lambda: device.setpoint)
        await house.hang_up()
        with pytest.raises(OSError, match="hung up"):
            await device.task
        assert device.store["owed"] is True


async def test_a_home_assistant_that_gives_no_sign_of_life_is_gone(monkeypatch):
    monkeypatch.setattr(ha_socket, "HEARTBEAT", 0.1)
    mute = functools.partial(web.WebSocketResponse, autoping=False)
    monkeypatch.setattr(home_assistant.web, "WebSocketResponse", mute)
    async with borrowed() as (_, device):
        with pytest.raises(OSError, match="hung up"):
            await asyncio.wait_for(device.task, 5)


async def test_a_message_that_is_too_long_ends_the_conversation():
    async with borrowed() as (house, device):
        house.tell_all(f'{{"type": "{"y" * (5 << 20)}"}}')
        with pytest.raises(OSError, match="hung up"):
            await asyncio.wait_for(device.task, 5)


async def test_a_cancelled_device_is_stopped():
    async with borrowed() as (house, device):
        device.box.put(400.0)
        await device.until(lambda: device.setpoint)
        device.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await device.task
        assert house.states[MODE]["state"] == "stop"
        device.task = asyncio.create_task(asyncio.sleep(0))


async def test_options_may_be_spelled_otherwise():
    async with a_house() as (house, host):
        furnish(house)
        house.put(MODE, "Stop", options=["Stop", "Charge", "Discharge"])
        async with driven(host) as device:
            device.box.put(100.0)
            await device.until(lambda: device.setpoint == [100.0])
            assert house.calls[-1][2] == "Discharge"
        assert house.calls[-1][2] == "Stop"


async def test_entities_may_have_other_names_and_domains():
    given = {"mode": "input_select.mode", "charge": "input_number.c", "control": "", "state": ""}
    async with a_house() as (house, host):
        furnish(house)
        house.put("input_select.mode", "stop", options=["stop", "charge", "discharge"])
        house.put("input_number.c", 0, max=800)
        async with driven(host, entities=given, positive="charge") as device:
            house.put(POWER, 50, unit_of_measurement="W")
            await device.until(lambda: device.power[-1:] == [-50.0])
            assert device.max_charge[-1] == 800
            device.box.put(-100.0)
            await device.until(lambda: device.setpoint == [-100.0])
        services = [service for service, _, _ in house.calls]
    assert services[:2] == ["input_number.set_value", "input_select.select_option"]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"power": ""}, "an entity is needed for power"),
        ({"watts": "sensor.a"}, "no entity is called watts here"),
        ({"soc": "the charge"}, "is not an entity id"),
    ],
)
def test_entities_that_make_no_sense_are_refused(given, why):
    with pytest.raises(ValueError, match=why):
        names("m1", given)


def test_the_names_are_those_of_the_documented_package():
    assert names("m1", {}) == {role: name.format("m1") for role, name in NAMES.items()}
    assert names("m1", {})["soc"] == "sensor.m1_battery_state_of_charge"


def states(**told: Any) -> dict[str, State]:
    """The roles of a battery with nothing special, but for what is told."""
    plain = {"power": "0", "state": "Standby", "mode": "stop", "charge": "0", "discharge": "0"}
    plain |= {"control": "enable", "soc": "60", "capacity": "5.12", "remaining": "3.072"}
    units = {"power": "W", "capacity": "kWh", "remaining": "kWh", "soc": "%"}
    return {
        role: State(f"sensor.{role}", text, {"unit_of_measurement": units.get(role)})
        for role, text in (plain | told).items()
    }


READ = [
    ({"power": "500"}, 1, {"power": 500.0}),
    ({"power": "500"}, -1, {"power": -500.0}),
    ({"power": "unknown"}, 1, {"power": None, "online": True}),
    ({"power": "nan"}, 1, {"power": None}),
    ({"power": "500", "state": "Fault"}, 1, {"power": None, "online": False, "mode": "Fault"}),
    ({"power": "500", "state": "AC bypass"}, 1, {"power": 500.0, "online": True}),
    ({"soc": "unavailable"}, 1, {"soc": 60.0}),
    ({"soc": "unavailable", "remaining": "unknown"}, 1, {"soc": None}),
    ({"capacity": "unknown"}, 1, {"capacity": None, "soc": 60.0}),
]


@pytest.mark.parametrize(("told", "sign", "expected"), READ)
def test_telemetry_is_read_in_our_units_and_signs(told, sign, expected):
    battery = read_unit(states(**told), sign)
    assert {name: getattr(battery, name) for name in expected} == expected


HELD = [
    ({"mode": "stop"}, 0.0),
    ({"mode": "charge", "charge": "500"}, -500.0),
    ({"mode": "Discharge", "discharge": "500"}, 500.0),
    ({"mode": "charge", "charge": "unknown"}, None),
    ({"mode": "unavailable"}, None),
]


@pytest.mark.parametrize(("told", "expected"), HELD)
def test_the_setpoint_is_read_back(told, expected):
    assert ordered(states(**told)) == expected


@given(st.floats(-1e4, 1e4))
def test_orders_have_one_way_and_end_with_the_mode(watts):
    made = orders(watts)
    assert made[-1].role == "mode"
    assert (made[-1].value == "stop") == (abs(watts) < 10)
    assert all(isinstance(order.value, str) or order.value >= 10 for order in made)


@given(st.dictionaries(st.sampled_from(list(NAMES)), st.text(max_size=5)))
def test_no_state_is_too_odd_to_read(told):
    battery = read_unit(states(**told), 1)
    assert battery.online is not absence(states(**told))
    assert battery.power is None or abs(battery.power) < float("inf")
