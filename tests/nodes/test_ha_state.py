"""ha_state: any entity of Home Assistant as a stream, by WebSocket or by asking."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Secret
from nodes._helpers import ha_socket
from nodes._helpers.ha_link import is_news
from nodes._helpers.ha_rest import base_of
from nodes._helpers.ha_states import State, apply, gone, read_rest
from nodes._helpers.ha_values import value_of
from nodes.ha_state import ha_state
from tests.brokers import free_port
from tests.nodes.home_assistant import TOKEN, House, a_house
from tests.nodes.streams import LOG, Heard, hearing, until

GRID = "sensor.netz_gesamt_w"
WATTS = {"unit_of_measurement": "W", "device_class": "power", "state_class": "measurement"}


def source(host: str, entity: str = GRID, **settings: Any) -> Any:
    return ha_state(host=host, entity=entity, token=TOKEN, log=LOG, **settings)


async def test_changes_are_heard_at_once():
    async with a_house() as (house, host):
        house.put(GRID, 350, **WATTS)
        async with hearing(source(host, unit="W", every=60.0)) as heard:
            await heard.until(350.0)
            for watts in (-20.5, 0, 99):
                house.put(GRID, watts, **WATTS)
            await heard.until(350.0, -20.5, 0.0, 99.0)


async def test_a_state_that_is_told_again_is_heard_and_one_that_nobody_tells_is_not():
    async with a_house() as (house, host):
        house.put(GRID, 350, **WATTS)
        async with hearing(source(host, every=0.02)) as heard:
            await heard.until(350.0)
            await until(lambda: len(house.asked) > 4)
            assert heard.values == [350.0]
            house.put(GRID, 350, **WATTS)
            await heard.until(350.0, 350.0)


async def test_a_token_of_no_administrator_hears_changes_all_the_same():
    async with a_house() as (house, host):
        house.is_admin = False
        house.put(GRID, 350, **WATTS)
        async with hearing(source(host, every=0.02)) as heard:
            await heard.until(350.0)
            house.put(GRID, 350, **WATTS)
            await until(lambda: len(house.asked) > 4)
            house.put(GRID, 351, **WATTS)
            await heard.until(350.0, 351.0)


async def test_without_a_websocket_it_asks_again_and_again(caplog):
    caplog.set_level("INFO")
    async with a_house() as (house, host):
        house.lets_sockets_through = False
        house.put(GRID, 350, **WATTS)
        async with hearing(source(host, every=0.02)) as heard:
            await heard.until(350.0)
            house.put(GRID, 351, **WATTS)
            await heard.until(350.0, 351.0)
    assert "does not let a WebSocket through" in caplog.text


async def test_nothing_is_said_while_it_is_unavailable(caplog):
    def told() -> list[str]:
        return [record.message.partition(" is ")[2] for record in caplog.records]

    async with a_house() as (house, host):
        house.put(GRID, "unavailable")
        async with hearing(source(host)) as heard:
            await until(lambda: told() == ["unavailable"])
            for state in (5, "unknown", "unavailable", 6):
                house.put(GRID, state)
            await heard.until(5.0, 6.0)
            house.remove(GRID)
            house.put(GRID, 7)
            await heard.until(5.0, 6.0, 7.0)
    assert told() == ["unavailable", "back", "unknown", "back", "unavailable", "back"]


async def test_nonsense_is_told_once_and_changes_nothing(caplog):
    async with a_house() as (house, host):
        house.put(GRID, 1)
        async with hearing(source(host)) as heard:
            await heard.until(1.0)
            for odd in ("[1, 2", "null", "7", '{"id": "x"}', '{"id": 1, "type": "event"}'):
                house.tell_all(odd)
            for event in ({"c": {GRID: 5}}, {"a": [1]}, {"r": 3}, {"c": {GRID: {"-": {"a": 1}}}}):
                house.tell_all({"id": 1, "type": "event", "event": event})
            house.put(GRID, "high")
            house.put(GRID, "nan")
            house.put(GRID, 2)
            await heard.until(1.0, 2.0)
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_all_steps_share_one_conversation():
    async with a_house() as (house, host):
        house.put("sensor.a", 1)
        house.put("sensor.b", 2)
        async with (
            hearing(source(host, "sensor.a")) as one,
            hearing(source(host, "sensor.b")) as two,
        ):
            await one.until(1.0)
            await two.until(2.0)
            assert len(house.sockets) == 1


async def test_when_it_hangs_up_the_source_says_so_and_can_begin_again():
    async with a_house() as (house, host):
        house.put(GRID, 1)
        async with hearing(source(host)) as heard:
            await heard.until(1.0)
            await house.hang_up()
            with pytest.raises(OSError, match="hung up; is it starting again"):
                await heard.task
        async with hearing(source(host)) as heard:
            await heard.until(1.0)


async def failure(host: str, **settings: Any) -> str:
    async with hearing(source(host, **settings)) as heard:
        with pytest.raises(OSError) as error:  # noqa: PT011 - the text is looked at
            await heard.task
    return str(error.value)


@pytest.mark.parametrize("sockets", [True, False])
async def test_an_unknown_entity_is_a_fault_with_a_cure(sockets):
    async with a_house() as (house, host):
        house.lets_sockets_through = sockets
        assert "has no entity sensor.netz_gesamt_w; is that its id?" in await failure(host)


@pytest.mark.parametrize("sockets", [True, False])
async def test_a_refused_token_is_a_fault_that_does_not_show_it(sockets):
    async with a_house() as (house, host):
        house.lets_sockets_through = sockets
        house.put(GRID, 1)
        source = ha_state(host=host, entity=GRID, token=Secret("stolen"), log=LOG)
        async with hearing(source) as heard:
            with pytest.raises(OSError, match="refuses the token; make a long-lived") as error:
                await heard.task
        assert "stolen" not in str(error.value)


async def test_nobody_there_is_a_fault_with_a_cure():
    said = await failure(f"127.0.0.1:{free_port()}")
    assert "does not answer" in said
    assert "is it running, in this network" in said


async def test_one_that_does_not_answer_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(ha_socket, "PATIENCE", 0.05)
    async with a_house() as (house, host):
        house.put(GRID, 1)
        house.deaf = True
        assert "gave no answer to subscribe_entities in 0.05s" in await failure(host)


async def test_a_restart_of_home_assistant_is_survived():
    house = House()
    house.put(GRID, 1)
    async with a_house(house=house) as (_, host):
        heard = Heard(source(host))
        await heard.until(1.0)
    with pytest.raises(OSError, match=r"hung up|does not answer"):
        await heard.task
    async with a_house(int(host.partition(":")[2]), house), hearing(source(host)) as again:
        await again.until(1.0)


VALUES = [
    (State(GRID, "1.5", {"unit_of_measurement": "kW"}), {"unit": "W"}, 1500.0),
    (State(GRID, "1.5", {"unit_of_measurement": "kW"}), {}, 1.5),
    (State(GRID, "1.5"), {"unit": "W"}, 1.5),
    (State(GRID, "21", {"unit_of_measurement": "°C"}), {"unit": "degC"}, 21.0),
    (State(GRID, "on"), {"format": "bool"}, True),
    (State(GRID, "Sleep"), {"format": "text"}, "Sleep"),
    (State(GRID, "1", {"max": 2500, "unit_of_measurement": "%"}), {"attribute": "max"}, 2500.0),
    (State(GRID, "1", {"options": ("a",)}), {"attribute": "options", "format": "text"}, '["a"]'),
]


@pytest.mark.parametrize(("state", "how", "expected"), VALUES)
def test_a_state_holds_a_value(state, how, expected):
    asked = {"attribute": "", "format": "number", "unit": None} | how
    assert value_of(state, **asked) == expected


WRONG = [
    (State(GRID, "1", {"unit_of_measurement": "kWh"}), {"unit": "W"}, "it is in kWh, and W"),
    (State(GRID, "high"), {}, "not a number"),
    (State(GRID, "high"), {"format": "bool"}, "neither on nor off"),
    (State(GRID, "1"), {"attribute": "max"}, "no field max"),
]


@pytest.mark.parametrize(("state", "how", "why"), WRONG)
def test_or_it_does_not(state, how, why):
    asked = {"attribute": "", "format": "number", "unit": None} | how
    with pytest.raises(ValueError, match=why):
        value_of(state, **asked)


NEWS = [
    (State(GRID, "2", reported=11.0), True),
    (State(GRID, "1", reported=11.0), True),
    (State(GRID, "1", reported=10.0), False),
    (State(GRID, "1", reported=10.0004), False),
    (State(GRID, "2", reported=10.0), True),
    (State(GRID, "2", reported=9.0), False),
    (gone(GRID), True),
]


@pytest.mark.parametrize(("state", "news"), NEWS)
def test_a_state_is_news_if_it_was_told_later(state, news):
    assert is_news(state, State(GRID, "1", reported=10.0)) is news


def test_events_of_the_subscription_are_taken_in():
    states: dict[str, State] = {}
    added = {"s": "1", "a": {"max": 5, "min": 1}, "lc": 10.0, "c": "x"}
    assert apply(states, {"a": {"sensor.a": added}}) == ["sensor.a"]
    assert states["sensor.a"] == State("sensor.a", "1", {"max": 5, "min": 1}, 10.0)
    change = {"+": {"a": {"max": 6}, "lu": 11.0}, "-": {"a": ["min"]}}
    assert apply(states, {"c": {"sensor.a": change}}) == ["sensor.a"]
    assert states["sensor.a"] == State("sensor.a", "1", {"max": 6}, 11.0)
    assert apply(states, {"c": {"sensor.a": {"+": {"s": "2", "lc": 12.0}}}}) == ["sensor.a"]
    assert states["sensor.a"] == State("sensor.a", "2", {"max": 6}, 12.0)
    assert apply(states, {"r": ["sensor.a"]}) == ["sensor.a"]
    assert states["sensor.a"] == gone("sensor.a")


def test_the_answer_of_the_rest_interface_is_read():
    told = {"state": "5", "attributes": {}, "last_updated": "2024-01-01T00:00:01.5+00:00"}
    assert read_rest("sensor.a", told) == State("sensor.a", "5", {}, 1704067201.5)
    assert read_rest("sensor.a", {"state": "5", "last_updated": "soon"}).reported == 0.0
    assert not read_rest("sensor.a", [1]).known


odd = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.sampled_from(["s", "lu"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "c", "r", "s", "+", "-", "lu", "x"]), inner)
    ),
    max_leaves=10,
)


@given(odd)
def test_no_event_is_too_odd(event):
    states = {"x": State("x", "1")}
    for entity in apply(states, event):
        assert isinstance(states[entity], State)
        assert isinstance(states[entity].text, str)
        assert not math.isnan(states[entity].reported)


BASES = [
    ("homeassistant.local", "http://homeassistant.local:8123"),
    ("10.0.0.5:80", "http://10.0.0.5:80"),
    ("https://ha.example.org", "https://ha.example.org:443"),
    ("http://10.0.0.5", "http://10.0.0.5:8123"),
]


@pytest.mark.parametrize(("host", "expected"), BASES)
def test_an_address_is_read(host, expected):
    assert base_of(host) == expected


@pytest.mark.parametrize("host", ["", "a b", "mqtt://a", "a:port"])
def test_what_is_no_address_is_refused(host):
    with pytest.raises(ValueError, match="is not an address"):
        base_of(host)


async def test_what_is_no_entity_is_refused():
    async with hearing(source("127.0.0.1", entity="Netz gesamt")) as heard:
        with pytest.raises(ValueError, match="is not an entity id"):
            await heard.task
