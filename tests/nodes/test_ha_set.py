"""ha_set: a number, an option or a switch of Home Assistant, set by the flow."""

import pytest

from flowctl import Latest
from nodes.ha_set import ha_set
from tests.nodes.home_assistant import TOKEN, a_house
from tests.nodes.streams import LOG, saying, until

CALLS = [
    ("input_number.target", 1500.0, ("input_number.set_value", 1500.0)),
    ("number.target", -5.0, ("number.set_value", -5.0)),
    ("select.mode", "Hold", ("select.select_option", "Hold")),
    ("switch.heater", True, ("homeassistant.turn_on", None)),
    ("input_boolean.on", False, ("homeassistant.turn_off", None)),
    ("light.lamp", 0.0, ("homeassistant.turn_off", None)),
]


@pytest.mark.parametrize("sockets", [True, False])
@pytest.mark.parametrize(("entity", "value", "call"), CALLS)
async def test_a_value_becomes_the_call_of_its_domain(entity, value, call, sockets):
    async with a_house() as (house, host):
        house.lets_sockets_through = sockets
        async with saying(ha_set, host=host, token=TOKEN, entity=entity) as box:
            box.put(value)
            await until(lambda: house.calls)
    assert house.calls == [(call[0], entity, call[1])]


async def test_what_does_not_fit_is_told_once(caplog):
    async with (
        a_house() as (house, host),
        saying(ha_set, host=host, token=TOKEN, entity="number.target") as box,
    ):
        for value in ("high", True, {"a": 1.0}, 7.0):
            box.put(value)
            await until(lambda: not box._full.is_set())
        await until(lambda: house.calls)
    assert [value for _, _, value in house.calls] == [7.0]
    assert len([r for r in caplog.records if "talks nonsense" in r.message]) == 1


async def test_a_refused_service_is_a_fault():
    async with a_house() as (house, host):
        house.refuses.add("number.target")
        box: Latest[float] = Latest()
        box.put(1.0)
        with pytest.raises(OSError, match="Home Assistant refuses: it does not work"):
            await ha_set(box, host=host, token=TOKEN, entity="number.target", log=LOG)


async def test_what_is_no_entity_is_refused():
    with pytest.raises(ValueError, match="is not an entity id"):
        await ha_set(Latest(), host="127.0.0.1", token=TOKEN, entity="the target", log=LOG)
