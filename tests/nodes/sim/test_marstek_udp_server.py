"""The simulated Venus on UDP: it answers as the vendor's paper and the field reports say."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes._helpers.refused import RefusedError
from nodes._helpers.udp import Port, udp
from nodes.sim.marstek_udp_server import Quirks, UdpVenus, serve
from tests.nodes.streams import until
from tests.nodes.venus import Cell

HOME = "127.0.0.1"


class Asker:
    """A client that says exactly what it is told to."""

    def __init__(self, port: Port, venus: UdpVenus) -> None:
        self.port, self.venus = port, venus

    async def ask(self, method: str, **params: Any) -> Any:
        where, given = (HOME, self.venus.port), {"id": 0, **params}
        return await self.port.ask(where, method, given, patience=0.5)

    async def set_mode(self, mode: str, **config: Any) -> Any:
        return await self.ask("ES.SetMode", config={"mode": mode, f"{mode.lower()}_cfg": config})

    async def answer(self, data: bytes) -> dict[str, Any]:
        """The whole answer to raw bytes."""
        hearing = self.port.hear()
        heard = asyncio.ensure_future(anext(hearing))
        await asyncio.sleep(0)
        self.port.send(data, (HOME, self.venus.port))
        try:
            async with asyncio.timeout(0.5):
                return json.loads((await heard).data)
        finally:
            await hearing.aclose()


@asynccontextmanager
async def asking(cell: Cell | None = None, **how: Any) -> AsyncIterator[Asker]:
    async with serve(cell or Cell(), **how) as venus, udp(0, HOME) as port:
        yield Asker(port, venus)


async def test_it_says_who_it_is():
    async with asking(family="d") as asker:
        told = await asker.ask("Marstek.GetDevice")
        assert (told["device"], told["ver"]) == ("VenusD", 155)


async def test_it_tells_power_and_charge_in_the_signs_of_the_paper():
    cell = Cell(power=-500.0, soc=61.2)
    async with asking(cell, family="v2") as asker:
        told = await asker.ask("ES.GetStatus")
        assert (told["ongrid_power"], told["bat_power"], told["bat_soc"]) == (-500, 500, 61)


@pytest.mark.parametrize(("family", "tells"), [("v3", False), ("a", False), ("v2", True)])
async def test_some_leave_the_power_of_the_cells_out(family, tells):
    async with asking(family=family) as asker:
        assert ("bat_power" in await asker.ask("ES.GetStatus")) is tells


SCALED = [("v3", 147, 3072.0), ("v3", 140, 307.2), ("v2", 155, 3072.0), ("v1", 153, 307200.0)]


@pytest.mark.parametrize(("family", "firmware", "raw"), SCALED)
async def test_firmware_scales_its_numbers_each_in_its_own_way(family, firmware, raw):
    async with asking(Cell(soc=60.0), family=family, firmware=firmware) as asker:
        told = await asker.ask("Bat.GetStatus")
        assert (told["bat_capacity"], told["rated_capacity"]) == (raw, 5120.0)


async def test_passive_mode_holds_a_power_and_runs_out():
    cell = Cell()
    async with asking(cell, hurry=100.0) as asker:
        assert await asker.set_mode("Passive", power=-700, cd_time=2) == {
            "id": 0,
            "set_result": True,
        }
        assert (cell.commands, asker.venus.mode) == ([-700.0], "Passive")
        await until(lambda: asker.venus.mode == "Auto")
        assert cell.commands == [-700.0, None]


async def test_a_refreshed_passive_mode_does_not_run_out():
    cell = Cell()
    async with asking(cell, hurry=50.0) as asker:
        for _ in range(5):  # 1 s that is refreshed each 0.25 s: a busy machine is late
            await asker.set_mode("Passive", power=300, cd_time=50)
            await asyncio.sleep(0.25)
        assert None not in cell.commands


async def test_auto_and_ai_give_it_back():
    for mode in ("Auto", "AI"):
        cell = Cell()
        async with asking(cell) as asker:
            await asker.set_mode("Passive", power=300, cd_time=60)
            await asker.set_mode(mode, enable=1)
            assert (cell.commands, asker.venus.mode) == ([300.0, None], mode)


SLOT = {"time_num": 3, "start_time": "08:30", "end_time": "20:30", "week_set": 1, "enable": 1}
MONDAY, TUESDAY = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "power"), [(MONDAY, 400.0), (TUESDAY, 0.0), (MONDAY.replace(hour=21), 0.0)]
)
async def test_a_schedule_holds_on_its_days_and_hours(now, power):
    cell = Cell()
    async with asking(cell, wall=lambda: now) as asker:
        await asker.set_mode("Manual", **SLOT, power=400)
        assert cell.commands == [power]
        assert asker.venus.battery.slots.keys() == {3}
        await asker.set_mode("Manual", **{**SLOT, "enable": 0}, power=400)
        assert cell.commands[-1] == 0.0


async def test_more_than_it_can_is_clipped_in_silence():
    cell = Cell()
    async with asking(cell, family="a") as asker:
        await asker.set_mode("Passive", power=2000, cd_time=60)
        assert cell.commands == [1450.0]


BAD = [
    {},
    {"config": None},
    {"config": {"mode": "Fast"}},
    {"config": {"mode": "Passive"}},
    {"config": {"mode": "Passive", "passive_cfg": {"power": "1", "cd_time": 10}}},
    {"config": {"mode": "Passive", "passive_cfg": {"power": 1, "cd_time": 0}}},
    {"config": {"mode": "Manual", "manual_cfg": {**SLOT, "power": 1, "week_set": 128}}},
    {"config": {"mode": "Manual", "manual_cfg": {**SLOT, "power": 1, "time_num": 10}}},
    {"config": {"mode": "Manual", "manual_cfg": {**SLOT, "power": 1, "end_time": "24:61"}}},
    {"config": {"mode": "Auto"}},
]


@pytest.mark.parametrize("params", BAD)
async def test_a_command_that_makes_no_sense_is_an_error(params):
    cell = Cell()
    async with asking(cell) as asker:
        with pytest.raises(RefusedError) as error:
            await asker.ask("ES.SetMode", **params)
        assert (error.value.code, cell.commands) == (-32602, [])


async def test_error_codes_are_those_of_the_paper():
    async with asking() as asker:
        with pytest.raises(RefusedError) as error:
            await asker.ask("Bat.Explode")
        assert error.value.code == -32601
        told = await asker.answer(b"{nonsense")
        assert told["error"]["code"] == -32700
        told = await asker.answer(b'{"id": 7}')
        assert (told["id"], told["error"]["code"]) == (7, -32600)


async def test_an_id_that_is_no_integer_gets_no_answer_from_new_firmware():
    question = b'{"id": "7", "method": "ES.GetStatus", "params": {"id": 0}}'
    async with asking() as asker:
        with pytest.raises(TimeoutError):
            await asker.answer(question)
        asker.venus.quirks.integer_ids = False
        assert (await asker.answer(question))["id"] == "7"


async def test_a_busy_one_refuses_and_changes_nothing():
    cell = Cell()
    async with asking(cell, quirks=Quirks(refusals=1)) as asker:
        assert (await asker.set_mode("Passive", power=1, cd_time=9))["set_result"] is False
        assert cell.commands == []
        asker.venus.quirks.busy = 60.0
        assert (await asker.set_mode("Passive", power=1, cd_time=9))["set_result"] is False


async def test_firmware_148_falls_back_to_auto_when_asked_for_its_mode():
    cell = Cell()
    async with asking(cell, quirks=Quirks(reverts=True)) as asker:
        await asker.set_mode("Passive", power=300, cd_time=60)
        assert (await asker.ask("ES.GetMode"))["mode"] == "Auto"
        assert cell.commands == [300.0, None]


async def test_it_is_silent_while_it_is_away():
    cell = Cell()
    async with asking(cell) as asker:
        cell.online = False
        with pytest.raises(TimeoutError):
            await asker.ask("ES.GetStatus")
        assert asker.venus.asked == []


async def test_methods_may_be_missing_or_never_answered():
    quirks = Quirks(missing={"ES.GetStatus"}, silent={"ES.GetMode"})
    async with asking(quirks=quirks) as asker:
        with pytest.raises(RefusedError):
            await asker.ask("ES.GetStatus")
        with pytest.raises(TimeoutError):
            await asker.ask("ES.GetMode")


async def test_a_lossy_network_loses_each_way():
    async with asking(quirks=Quirks(loss=0.5)) as asker:
        answered = 0
        for _ in range(60):
            try:
                where = (HOME, asker.venus.port)
                await asker.port.ask(where, "Wifi.GetStatus", {"id": 0}, patience=0.02)
                answered += 1
            except TimeoutError:
                continue
        assert 3 <= answered <= 30
        assert len(asker.venus.asked) >= answered


@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,id1methodnul').map(str.encode))
def test_no_datagram_upsets_it(data):
    async def throw() -> None:
        async with serve(Cell(), quirks=Quirks(integer_ids=False)) as venus:
            venus.datagram_received(data, (HOME, 9))
            answer = venus._answer(data)
            assert answer is None or json.dumps(answer)

    asyncio.run(throw())


async def test_energy_is_counted_in_both_directions():
    cell = Cell(power=3600.0 * 1000)
    async with asking(cell) as asker:
        await asyncio.sleep(0.02)
        told = await asker.ask("ES.GetStatus")
        assert told["total_grid_output_energy"] > 0
        assert told["total_grid_input_energy"] == 0
