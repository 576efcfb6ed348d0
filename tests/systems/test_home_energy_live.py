"""flows/home-energy.yaml in a house of real sockets: UDP, HTTP; names bear rows of systems.md."""

import asyncio
import json
import logging
import signal
import socket

import pytest

from flowctl.live import tend
from nodes._helpers import marstek_session
from nodes._helpers.home_energy import (
    get_all_battery_statuses,
    get_battery_status,
    get_current_power,
    set_battery_status,
)
from nodes._helpers.law.seeing import house as law
from nodes._helpers.marstek_session import find
from tests.nodes.streams import until
from tests.nodes.web import saying, website
from tests.systems.energy_live import house

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(marstek_session, "REST", 0.0)
    monkeypatch.setattr(marstek_session, "PAUSE", 0.05)
    monkeypatch.setattr(law, "FRESH_GRACE", 1.0)
    monkeypatch.setattr(tend, "SHORTEST", 0.3)


async def test_the_story_of_a_day(tmp_path):
    """Load up and down, a unit dies and comes back, the meter falls silent, a restart."""
    async with house(tmp_path / "state", 60.0, 50.0, 40.0) as live:
        live.start()
        await live.stands("APP")  # A10
        await live.gives(0, 300.0)
        live.load = 4000.0
        await live.gives(0, 1500.0)  # B4.1, B4.2: the right way, one need for both
        await live.balances()
        live.load = 400.0
        await live.gives(1, 0.0)
        await live.balances()
        live.load = -3500.0
        await live.stands("PPA")
        await live.balances()

        live.load = 4000.0
        await live.stands("APP")
        await live.gives(0, 1500.0)
        await live.balances()
        live.cells[1].online, live.cells[1].most = False, 0.0  # F1, A12
        await live.gives(2, 2500.0)
        live.cells[1].online, live.cells[1].most = True, 2500.0
        await live.gives(0, 1500.0)
        await live.balances()

        live.venus[2].quirks.refusals = 2  # O11: set_result false is not the last word
        live.load = 6000.0
        await until(lambda: not live.venus[2].quirks.refusals, 40)
        await live.balances()

        live.meter = "silent"  # F4, F7: nobody goes on for ever
        await live.stands("AAA")
        live.meter = "well"
        await live.stands("APP")
        await live.balances()

        await live.stop()  # F8
        assert live.modes == "AAA"
        live.start()
        await live.stands("APP")
        await live.balances()


async def test_O8_U4_what_is_asked_and_commanded_is_as_it_was(tmp_path):
    """With `hold: manual` it is; passive mode, which ends by itself, is the default."""
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 4000.0
        live.start(hold="manual")
        await live.stands("AM")
        await live.balances()
        await live.stop()
        first, *_, last = live.commands[1]
        power = first["manual_cfg"].pop("power")
        assert isinstance(power, int)
        assert first == {
            "mode": "Manual",
            "manual_cfg": {
                "time_num": 1, "start_time": "00:00", "end_time": "23:59", "week_set": 127,
                "enable": 1,
            },
        }  # fmt: skip
        assert last == {"mode": "Auto", "auto_cfg": {"enable": 1}}
        assert "ES.GetMode" in live.venus[0].asked
        assert "ES.GetMode" not in await _asked(live, read_mode="false")


async def _asked(live, **sets):
    live.venus[0].asked.clear()
    live.start(**sets)
    await until(lambda: live.venus[0].asked.count("ES.GetStatus") > 2)
    asked = list(live.venus[0].asked)
    await live.stop()
    return asked


async def test_O8_F4_helpers_are_held_by_a_mode_that_ends_with_the_lease(tmp_path):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 4000.0
        live.start()
        await live.stands("AP")
        held = live.commands[1][-1]["passive_cfg"]
        assert held["cd_time"] == 3  # s: the lease, and never less than between two refreshes
        for name in ("battery_1", "battery_2"):  # a power cut at the controller
            live.session.engine.remove(f"{name}/marstek_udp")
        await live.stands("AA", 10)


async def test_U4_a_status_is_charge_mode_and_power(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.start()
        await live.stands("AP")
        await until(lambda: "60.0 %, 300.0 W, Auto" in caplog.text, 40)
        await until(lambda: "50.0 %, 0.0 W, Passive" in caplog.text, 40)


async def test_U7_K5_B4_6_a_unit_that_does_not_answer_is_named_and_holds_up_nobody(
    tmp_path, caplog
):
    async with house(tmp_path / "state", 60.0, 50.0, 40.0) as live:
        live.cells[2].online, live.cells[2].most = False, 0.0
        live.load = 3000.0
        live.start()
        await live.stands("APA")
        await live.balances()
        await until(lambda: "gave no answer to Marstek.GetDevice" in caplog.text, 40)
        await live.gives(1, 1500.0)


async def test_U7_O11_a_unit_that_refuses_is_named_with_what_it_said(tmp_path, caplog):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.venus[1].quirks.missing |= {"ES.SetMode"}
        live.load = 3000.0
        live.start()
        await until(lambda: "ES.SetMode is refused: Method not found (-32601)" in caplog.text, 40)
        await live.balances()
        live.venus[1].quirks.missing.clear()


async def test_F7_bad_json_is_no_answer_and_no_end(tmp_path):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.start()
        await live.stands("AP")
        send = live.venus[1]._send
        live.venus[1]._send = lambda text, to: send(b'{"id": 1, "result"', to)
        await asyncio.sleep(1.0)
        live.venus[1]._send = send
        live.load = 3000.0
        await live.stands("AP")
        await live.balances()


@pytest.mark.parametrize(
    ("meter", "said"),
    [
        ("refuses", "says 500 busy"),
        ("nonsense", "no field active_power_w (there is: smr_version); it said '{"),
    ],
)
async def test_I5_I2_errors_of_the_meter_are_told_and_survived(tmp_path, caplog, meter, said):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 3000.0
        live.start()
        await live.stands("AP")
        live.meter = meter
        await live.stands("AA")
        await until(lambda: said in caplog.text, 40)
        live.meter = "well"
        await live.stands("AP")
        await live.balances()


async def test_I5_a_meter_that_hangs_is_told_after_its_time(tmp_path):
    """Five seconds, as before."""
    async with website(_hangs) as address:
        with pytest.raises(TimeoutError, match=r"gave no answer in 0.1s"):
            await get_current_power(*address.split(":"), patience=0.1)


async def _hangs(_):
    await asyncio.sleep(5)


# The functions for programs.


async def test_E2_U4_a_battery_is_asked_and_set(tmp_path):
    async with house(tmp_path / "state", 60.0) as live:
        ip, live.load = live.env["BATTERY_1_IP"], 0.0
        live.cells[0].power = live.load = 420.0
        said = await get_battery_status(ip)
        assert (said.ip, said.charge, said.mode, said.error) == (ip, 60.0, "Auto", "")
        assert said.effective_power == pytest.approx(420.0, abs=5.0)
        assert await set_battery_status(ip, False, 9000.0, hold=60)
        assert live.commands[0][-1] == {
            "mode": "Passive", "passive_cfg": {"power": 2500, "cd_time": 60}
        }  # fmt: skip
        assert await set_battery_status(ip, False, -300.0, hold=None)
        assert live.commands[0][-1]["manual_cfg"]["power"] == -300
        assert await set_battery_status(ip, True)
        assert live.modes == "A"


async def test_E2_U7_F6_each_error_stands_beside_its_battery(tmp_path):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.cells[1].online = False
        ips = [live.env[f"BATTERY_{n}_IP"] for n in (1, 2)]
        said = await get_all_battery_statuses(ips, patience=0.05, tries=2)
        assert said[ips[0]].error == ""
        assert "gave no answer to ES.GetMode" in said[ips[1]].error
        live.venus[1].quirks.missing |= {"ES.GetMode"}
        live.cells[1].online = True
        assert "not an object" in (await get_battery_status(ips[1])).error


async def test_E2_the_power_of_the_cut_off_socket_comes_first(tmp_path):
    async with house(tmp_path / "state", 60.0) as live:
        live.venus[0].battery.working = lambda: {
            "mode": "Manual", "bat_soc": 44, "ongrid_power": 10, "offgrid_power": 77
        }  # fmt: skip
        said = await get_battery_status(live.env["BATTERY_1_IP"])
        assert (said.effective_power, said.charge, said.is_auto) == (77.0, 44.0, False)
        live.venus[0].battery.working = lambda: {"mode": "Auto", "ongrid_power": 10}
        said = await get_battery_status(live.env["BATTERY_1_IP"])
        assert "does not tell its charge" in said.error


async def test_E2_I2_I5_the_grid_power_and_a_missing_field():
    async with website(saying('{"active_power_w": -321.5}', '{"wifi_ssid": "x"}')) as address:
        host, port = address.split(":")
        assert await get_current_power(host, int(port)) == -321.5
        with pytest.raises(KeyError, match=r"no field active_power_w.*wifi_ssid.*x"):
            await get_current_power(host, int(port))


async def test_I7_B4_7_batteries_are_found_by_a_broadcast(tmp_path):
    async with house(tmp_path / "state", 60.0) as live:
        [found] = await find("127.0.0.1", live.venus[0].port, wait=0.3)
        assert found.address == ("127.0.0.1", live.venus[0].port)
        assert found.device.name == "VenusE 3.0"


# By its name.


async def test_R3_a_single_run_prints_the_decision_and_carries_it_out(tmp_path):
    """Then all are given back: a battery is never left forced, as the old single run left it."""
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 3000.0
        process = await live.typed("--once", "--json")
        out, _ = await process.communicate()
        assert process.returncode == 0
        [decision] = json.loads(out)
        one, two = decision["batteries"]["battery_1"], decision["batteries"]["battery_2"]
        assert (one["setpoint"], one["reason"]) == (None, "in Auto: the fullest")
        assert two["taken"]
        assert two["setpoint"] > 0
        assert live.commands[1][-1]["mode"] == "Auto"
        assert live.modes == "AA"


async def test_R3_B4_7_in_shadow_a_single_run_only_prints(tmp_path):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 3000.0
        process = await live.typed("--once", "--shadow")
        out, _ = await process.communicate()
        assert b"battery_1   60 %" in out
        assert b"in Auto: the fullest" in out
        assert b"nothing was written" in out
        assert live.commands == [[], []]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_R2_R3_F8_K5_it_is_run_by_its_name_goes_on_and_ends_gracefully(tmp_path, number):
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 3000.0
        process = await live.typed()
        await live.stands("AP")
        await live.balances()
        live.load = 4000.0
        await live.gives(1, 2500.0)  # R3b: it goes on
        process.send_signal(number)
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert live.modes == "AA"
        assert b"battery_2 gives" in said
        assert b"commands taken: battery_2=" in said


async def test_F4_killed_without_a_goodbye_nobody_stays_forced(tmp_path):
    """A Manual schedule of 2500 W stayed for good."""
    async with house(tmp_path / "state", 60.0, 50.0) as live:
        live.load = 3000.0
        process = await live.typed("--no-guard")
        await live.stands("AP")
        process.kill()
        await process.communicate()
        await live.stands("AA", 10)


async def test_C10_the_old_local_port_is_used_where_it_is_free(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("0.0.0.0", 30000))
        except OSError:
            pytest.skip("somebody uses UDP port 30000")
    async with house(tmp_path / "state", 60.0) as live:
        seen = []
        receive = live.venus[0].datagram_received
        live.venus[0].datagram_received = lambda data, addr: (
            seen.append(addr[1]), receive(data, addr)
        )  # fmt: skip
        live.start(local_port="30000")
        await until(lambda: seen)
        assert set(seen) == {30000}
