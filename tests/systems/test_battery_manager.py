"""flows/battery-manager.yaml against the rows of system 3, the AppDaemon Battery Management System.

Powers here are flowctl's: + discharges. Home Assistant's target has the other sign.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import fields
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from flowctl import Battery
from flowctl.language.check import load
from flowctl.virtual.bench import Bench
from flowctl.virtual.flowtest import run_tests
from tests.systems.batteries import Site, Unit

FLOW = Path(__file__).parents[2] / "flows" / "battery-manager.yaml"


def site(*capacities: float, flow: str | Path = FLOW, **sets: str) -> Site:
    """The flow switched on, with a target of 0 W and batteries that tell how they are."""
    bench = Bench(flow, sets=sets)
    units = [
        Unit(bench, f"battery_{number}", capacity)
        for number, capacity in enumerate(capacities or (5000.0, 5000.0), 1)
    ]
    made = Site(bench, *units)
    bench.say("target", 0.0)
    bench.say("mode", "target")
    bench.say("enabled", True)
    made.run(5.0)
    return made


@pytest.fixture
def two() -> Iterator[Site]:
    """Two batteries of the same size."""
    made = site()
    yield made
    made.bench.close()


def shares(made: Site) -> list[float]:
    """What the batteries are told now, rounded."""
    return [round(unit.told or 0.0, -1) + 0.0 for unit in made.units]


def shown(made: Site, stream: str) -> Any:
    """What an entity of Home Assistant was told last."""
    return made.bench.heard(stream)[-1][1]


def with_a_third() -> str:
    """The flow as a user edits it for one battery more."""
    text = FLOW.read_text().replace("[battery_1, battery_2]", "[battery_1, battery_2, battery_3]")
    second = text[text.index("  battery_2:\n") : text.index("  # What Home Assistant shows.")]
    third = second.replace("${prefix_2}", "marstek_3").replace("battery_2", "battery_3")
    return text.replace(second, second + third)


def test_A9_G1_the_target_is_shared_by_capacity():
    made = site(5000.0, 10000.0)
    made.bench.say("target", -1500.0)
    made.run(20.0)
    assert shares(made) == [-500.0, -1000.0]
    assert made.given == pytest.approx(-1500.0, abs=20.0)


def test_A11_B3_6_what_a_limit_clips_is_handed_on():
    """It was lost."""
    made = site(5000.0, 10000.0)
    made.bench.say("target", 4000.0)
    made.run(20.0)
    assert shares(made) == [1500.0, 2500.0]
    made.bench.say("target", 7500.0)
    made.run(20.0)
    assert shares(made) == [2500.0, 2500.0]
    assert shown(made, "unmet") == pytest.approx(2500.0, abs=100.0)


def test_A11_limits_are_those_that_the_entities_tell_and_those_of_the_flow():
    made = site(most="1.2kW")
    made.units[1].tell(max_discharge=800.0)
    made.bench.say("target", 4000.0)
    made.run(1.0)
    assert max(watts or 0.0 for _, watts in made.bench.heard("battery_1")) == 1200.0
    assert max(watts or 0.0 for _, watts in made.bench.heard("battery_2")) <= 1200.0


def test_A13_a_zero_target_stops_all_at_once(two):
    two.bench.say("target", 2000.0)
    two.run(20.0)
    two.bench.say("target", 0.0)
    two.run(1.0)
    assert shares(two) == [0.0, 0.0]


ELIGIBLE = [
    (1000.0, 5.0, [0.0, 1000.0]),
    (1000.0, 6.0, [500.0, 500.0]),
    (1000.0, 100.0, [500.0, 500.0]),
    (-1000.0, 100.0, [0.0, -1000.0]),
    (-1000.0, 99.0, [-500.0, -500.0]),
    (-1000.0, 3.0, [-500.0, -500.0]),
]


@pytest.mark.parametrize(("target", "soc", "expected"), ELIGIBLE)
def test_A6_full_ones_do_not_charge_and_empty_ones_do_not_discharge(two, target, soc, expected):
    """Above 5 % and below 100 %, as before; both can be set."""
    two.units[0].soc = soc
    two.run(2.0)
    two.bench.say("target", target)
    two.run(20.0)
    assert shares(two) == expected


def test_B3_2_when_all_are_empty_all_are_stopped(two):
    two.bench.say("target", 1500.0)
    two.run(20.0)
    for unit in two.units:
        unit.soc = 4.0
    two.run(3.0)
    assert shares(two) == [0.0, 0.0]
    assert shown(two, "unmet") == pytest.approx(1500.0, abs=100.0)


def test_A12_F1_U6_one_that_fails_gives_all_to_the_other_and_is_back_when_it_is(two):
    two.bench.say("target", 1000.0)
    two.run(20.0)
    two.units[0].online = False
    two.run(5.0)
    assert two.units[1].told == pytest.approx(1000.0, abs=30.0)
    assert shown(two, "status") == "degraded"
    assert shown(two, "status_1")["state"] == "Fault"
    assert shown(two, "status_1")["is_available"] is False
    two.run(15.0)
    assert two.units[0].told is None  # released: nothing is asked of one that is away
    two.units[0].online = True
    two.run(20.0)
    assert shares(two) == [500.0, 500.0]
    assert shown(two, "status") == "active"


def test_U6_one_whose_telemetry_stops_is_left_out(two):
    two.bench.say("target", 1000.0)
    two.run(20.0)
    silent = two.units[0]
    silent.tell = lambda **_: None  # type: ignore[method-assign]
    silent.most = 0.0
    two.run(20.0)
    assert two.units[1].told == pytest.approx(1000.0, abs=30.0)


def test_G3_R6_any_number_of_batteries_can_be_listed():
    made = site(5000.0, 5000.0, 10000.0, flow=with_a_third())
    made.bench.say("target", 2000.0)
    made.run(20.0)
    assert shares(made) == [500.0, 500.0, 1000.0]
    alone = site()
    alone.units[1].online = False
    alone.bench.say("target", 700.0)
    alone.run(20.0)
    assert round(alone.units[0].told, -1) == 700.0


def test_O9_changes_under_five_watts_are_not_written(two):
    two.bench.say("target", 1000.0)
    two.run(40.0)
    writes = len(two.bench.heard("battery_1"))
    for target in (1001.0, 1003.0, 1000.0, 1004.0):
        two.bench.say("target", target)
        two.run(4.0)
    assert len(two.bench.heard("battery_1")) == writes
    two.bench.say("target", 1050.0)
    two.run(2.0)
    assert len(two.bench.heard("battery_1")) > writes


def in_part(most: float | None) -> Site:
    """1000 W asked of two equal batteries, of which the second delivers no more than this."""
    made = site()
    made.units[1].most = most
    made.bench.say("target", 1000.0)
    made.run(10.0)
    return made


def note(made: Site, name: str) -> str:
    """What the predictor has to say of a battery."""
    return made.bench.stream("outlook")[-1][1].batteries[name].note


def delivers(told: str) -> float:
    """The watts that a battery is said to deliver at most."""
    found = re.search(r"delivers (\d+)W at most", told)
    assert found, told
    return float(found[1])


def test_L1_within_ten_seconds_of_a_command_it_is_known_whether_it_was_followed():
    """By the predictor, within seconds, in place of a timer of ten."""
    assert note(in_part(None), "battery_2") == ""
    assert delivers(note(in_part(300.0), "battery_2")) == pytest.approx(300.0, abs=10)
    assert delivers(shown(in_part(300.0), "reasons")) == pytest.approx(300.0, abs=10)


def test_L2_an_answer_in_part_is_told_from_none():
    assert delivers(note(in_part(300.0), "battery_2")) == pytest.approx(300.0, abs=10)
    assert "delivers 0W at most" in note(in_part(0.0), "battery_2")


def test_L3_B3_1_the_shortfall_is_given_to_the_other():
    made = in_part(300.0)
    made.run(5.0)
    assert round(made.units[0].told, -1) == 700.0
    assert made.given == pytest.approx(1000.0, abs=25.0)


def test_L4_a_rise_at_the_same_moment_goes_to_the_one_that_delivers():
    made = in_part(300.0)
    made.bench.say("target", 1400.0)
    made.run(1.0)
    assert round(made.units[0].told, -2) == 1100.0
    made.run(9.0)
    assert made.given == pytest.approx(1400.0, abs=25.0)


def test_L5_it_follows_when_what_a_battery_can_do_changes():
    made = in_part(300.0)
    made.units[1].most = 150.0  # a cold battery, or a BMS that slows down
    made.run(15.0)
    assert made.given == pytest.approx(1000.0, abs=25.0)
    assert delivers(note(made, "battery_2")) == pytest.approx(150.0, abs=10)
    made.units[1].most = None
    made.run(400.0)  # it is tried again after two minutes, and again with half as much more
    assert shares(made) == [500.0, 500.0]


def test_L6_what_is_under_way_is_not_asked_for_again(two):
    peak = 0.0

    def look() -> None:
        nonlocal peak
        peak = max(peak, two.given)

    two.each = look
    two.bench.say("target", 2000.0)
    two.run(20.0)
    assert peak < 1.25 * 2000.0  # the quicker one covers what the other still owes
    late = [watts for at, watts in two.bench.heard("battery_2") if at > 12.0]
    assert all(watts == pytest.approx(1000.0, abs=30.0) for watts in late)


def test_M4_the_number_reaches_from_minus_to_plus_seven_and_a_half_kilowatts():
    """A `number` of MQTT discovery; a helper will do, too: docs/migrate/battery-manager.md."""
    graph = load(FLOW)
    number = graph.steps[graph.streams["target"]]
    wanted = {"low": -7500.0, "high": 7500.0, "step": 50.0, "sign": -1, "keep": False}
    assert {name: number.settings[name] for name in wanted} == wanted
    assert number.settings["id"] == "battery_manager_target_power"


def test_M4_R2_the_old_helper_will_do_as_the_target_too():
    page = (FLOW.parents[1] / "docs" / "migrate" / "battery-manager.md").read_text()
    snippet = page.partition("  target:\n")[2].partition("```")[0].replace("${HA_TOKEN}", "none")
    target, _, reset = snippet.partition("  reset_shown:\n")
    text = FLOW.read_text()
    old = text[text.index("    - ha_number") : text.index("  enabled:")]
    shown_at = text[text.index("    - from: reset\n") : text.index("  # hours:")]
    text = text.replace(old, target + "\n").replace(shown_at, reset + "\n")
    made = site(flow=text)
    made.bench.say("target", 1000.0)  # as people set it: + charges
    made.run(20.0)
    assert made.given == pytest.approx(-1000.0, abs=30.0)
    made.bench.say("enabled", False)
    assert made.bench.heard("reset_shown")[-1][1] == 0.0


def test_M5_S6_switched_off_all_stop_at_once_and_are_given_back(two):
    """Then nothing is set any more, so that they can be used by hand."""
    two.bench.say("target", 2000.0)
    two.run(20.0)
    two.bench.say("enabled", False)
    two.run(1.0)
    assert shares(two) == [0.0, 0.0]
    two.run(2.0)
    assert shown(two, "status") == "disabled"
    two.run(12.0)
    assert [unit.told for unit in two.units] == [None, None]
    two.bench.say("target", 1000.0)
    two.run(20.0)
    assert [unit.told for unit in two.units] == [None, None]


def test_M5_both_edges_reset_the_target(two):
    two.bench.say("target", 2000.0)
    two.run(5.0)
    for enabled in (False, True):
        two.bench.say("enabled", enabled)
        two.run(5.0)
        assert shown(two, "target_power") == 0.0
        assert two.bench.heard("reset_shown")[-1] == (pytest.approx(two.bench.time - 5.0), 0.0)
    assert shares(two) == [0.0, 0.0]


def test_S5_combined_figures_count_energy():
    """A battery that is offline counts with its last charge."""
    made = site(5000.0, 10000.0)
    made.units[0].soc, made.units[1].soc = 30.0, 60.0
    made.bench.say("target", 900.0)
    made.run(30.0)
    assert shown(made, "combined_soc") == 50.0
    assert shown(made, "combined_capacity") == 15000.0
    assert shown(made, "combined_remaining") == 7500.0
    assert shown(made, "combined_power") == pytest.approx(900.0, abs=20.0)


def test_S6_B3_5_actual_power_and_status_have_the_signs_they_always_had():
    graph = load(FLOW)
    signs = {
        stream: graph.steps[graph.streams[stream]].settings["sign"]
        for stream in ("combined_power", "actual_power", "target_power")
    }
    assert signs == {"combined_power": 1, "actual_power": -1, "target_power": -1}


def test_S6_the_status_has_its_four_states(two):
    assert shown(two, "status") == "active"
    two.units[0].online = False
    two.run(4.0)
    assert shown(two, "status") == "degraded"
    two.units[1].online = False
    two.run(4.0)
    assert shown(two, "status") == "no_batteries"
    two.bench.say("enabled", False)
    two.run(4.0)
    assert shown(two, "status") == "disabled"


def test_S6_each_battery_has_a_status_with_its_figures(two):
    """`available` is `is_available`: Home Assistant keeps the other name for itself."""
    two.bench.say("target", -800.0)
    two.run(20.0)
    told = shown(two, "status_1")
    assert (told["state"], told["soc"], told["is_available"]) == ("Charge", 60.0, True)
    assert told["power_w"] == pytest.approx(-400.0, abs=20.0)


def test_S7_the_target_is_shown(two):
    two.bench.say("target", -800.0)
    two.run(2.0)
    assert shown(two, "target_power") == -800.0


IDS = {
    "combined_soc": "combined_battery_soc",
    "combined_power": "combined_battery_power",
    "combined_capacity": "combined_battery_capacity",
    "combined_remaining": "combined_battery_remaining",
    "status": "battery_manager_status",
    "actual_power": "battery_manager_actual_power",
    "target_power": "battery_manager_target_power",
    "status_1": "battery_marstek_1_status",
    "status_2": "battery_marstek_2_status",
    "enabled": "battery_manager_enabled",
    "target": "battery_manager_target_power",
}


def test_S5_S6_S7_M4_M5_entities_have_the_ids_they_always_had():
    graph = load(FLOW)
    assert {name: graph.steps[graph.streams[name]].settings["id"] for name in IDS} == IDS


class Grid:
    """A house with a meter that is late."""

    def __init__(self, made: Site, late: float = 1.0, noise: float = 3.0) -> None:
        self._made, self.load, self.seen = made, 800.0, list[float]()
        self._past = [800.0] * round(late / 0.5 + 1)
        self._noise, self.speaks = noise, True
        made.each = self.step

    def step(self) -> None:
        grid = self.load - self._made.given
        self.seen.append(grid)
        self._past.append(grid)
        now = self._past.pop(0)
        if self.speaks and self._made.steps % 2 == 0:
            self._noise = -self._noise
            self._made.bench.say("grid", now + self._noise)


def test_I4_G1_G4_in_grid_mode_the_batteries_keep_the_meter_at_zero(two):
    grid = Grid(two)
    two.bench.say("mode", "grid")
    two.run(60.0)
    assert all(abs(watts) < 40 for watts in grid.seen[-40:])
    grid.load = -1500.0  # the sun comes out
    two.run(60.0)
    assert all(abs(watts) < 60 for watts in grid.seen[-40:])
    assert two.given == pytest.approx(-1500.0, abs=60.0)


def test_B3_4_a_unit_that_resets_itself_is_told_again_at_once(two, caplog):
    """Its entities are read back (`ha_battery`), and the shell compares; nothing is remembered."""
    two.bench.say("target", -1000.0)
    two.run(20.0)
    reset, writes = two.units[0], two.bench.heard("battery_1")
    two.bench.say(reset.name, Battery(setpoint=-500.0))
    two.run(5.0)
    assert "set by somebody else" not in caplog.text
    before = len(writes)
    two.bench.say(reset.name, Battery(setpoint=0.0))
    two.run(1.0)
    assert "holds 0W where it was told -500W: set by somebody else; written again" in caplog.text
    assert [watts for _, watts in writes[before:]] == [-500.0]


@pytest.mark.parametrize("late", [2.0, 3.0])
def test_B3_8_a_late_meter_does_not_make_it_swing(two, late):
    grid = Grid(two, late=late)
    two.bench.say("mode", "grid")
    two.run(60.0)
    grid.load = 2500.0
    two.run(60.0)
    assert all(abs(watts) < 60 for watts in grid.seen[-60:])
    assert min(grid.seen[-120:]) > -600.0


def test_I4_a_grid_sensor_that_hangs_gives_the_batteries_back(two):
    grid = Grid(two)
    two.bench.say("mode", "grid")
    two.run(30.0)
    grid.speaks = False
    two.run(25.0)
    assert [unit.told for unit in two.units] == [None, None]


def test_B3_3_what_nobody_can_give_leaves_nothing_behind(two):
    for unit in two.units:
        unit.most = 750.0
    two.bench.say("target", 7500.0)
    two.run(60.0)
    two.bench.say("target", 500.0)
    two.run(3.0)
    assert two.given < 600.0
    two.run(12.0)
    assert two.given == pytest.approx(500.0, abs=60.0)


def test_B3_3_nor_does_a_load_that_nobody_can_serve(two):
    for unit in two.units:
        unit.most = 750.0
    grid = Grid(two)
    two.bench.say("mode", "grid")
    two.run(30.0)
    grid.load = 7500.0
    two.run(60.0)
    grid.load = 0.0
    two.run(5.0)
    assert all(abs(watts) < 300 for watts in (two.given, grid.seen[-1]))
    two.run(15.0)
    assert abs(two.given) < 60.0


def test_F4_F8_it_starts_at_zero_and_ends_with_every_battery_given_back(two):
    assert two.bench.heard("battery_1")[0][1] == 0.0
    two.bench.say("target", 2000.0)
    two.run(10.0)
    two.bench.close()
    assert [unit.told for unit in two.units] == [None, None]


def test_F4_what_was_set_before_a_restart_does_not_come_back():
    graph = load(FLOW)
    assert graph.steps[graph.streams["target"]].settings["keep"] is False
    assert graph.steps[graph.streams["target"]].settings["start"] == 0.0
    assert graph.steps[graph.streams["enabled"]].settings["keep"] is True


def test_F7_nonsense_on_any_edge_stops_nothing(two):
    two.bench.say("target", 1000.0)
    odd = [("target", nan), ("grid", nan), ("battery_1", Battery(power=inf, soc=nan))]
    for stream, value in odd:
        two.bench.say(stream, value)
        two.run(1.0)
    two.run(20.0)
    assert shares(two) == [500.0, 500.0]


def test_K4_B3_7_what_is_decided_is_logged_when_it_is_new_and_once_a_minute(two, caplog):
    """The decision is logged when it is new, too."""
    caplog.set_level(logging.INFO)
    two.bench.say("target", 1000.0)
    two.run(60.0)
    caplog.clear()
    two.run(185.0)
    told = [record for record in caplog.records if "battery_1 gives" in record.message]
    assert len(told) == 4
    shares = [int(watts) for line in told for watts in re.findall(r"gives (\d+)W", line.message)]
    assert shares == [pytest.approx(500, abs=1)] * 8
    assert {record.levelname for record in told} == {"INFO"}


def test_C9_the_old_settings_are_vars_of_the_flow():
    flow = load(FLOW, env={"BATTERY_1_PREFIX": "venus_cellar"})
    assert flow.steps[flow.streams["battery_1"]].settings["prefix"] == "venus_cellar"
    made = site(update_interval="5s")
    made.run(10.0)
    beats = [at for at, _ in made.bench.stream("combined")]
    assert beats[-1] - beats[-2] == pytest.approx(5.0)


def test_B3_6_charges_come_together_where_that_is_wished():
    made = site(strategy="energy")
    made.units[0].soc, made.units[1].soc = 80.0, 30.0
    made.bench.say("target", 1000.0)
    made.run(20.0)
    one, two_ = shares(made)
    assert one > 2 * two_


METHODS = {
    "get_soc": "soc",
    "get_total_capacity_kwh": "capacity",
    "get_current_power_w": "power",
    "set_power_w": "setpoint",
    "get_max_charge_power_w": "max_charge",
    "get_max_discharge_power_w": "max_discharge",
    "get_state": "mode",
    "is_available": "online",
}


def test_E1_each_method_of_the_old_battery_interface_is_a_field_of_the_record():
    assert set(METHODS.values()) <= {item.name for item in fields(Battery)}
    battery = Battery(soc=60.0, capacity=5120.0)  # get_remaining_kwh follows from two of them
    assert battery.soc is not None
    assert battery.capacity is not None
    assert battery.soc * battery.capacity / 100 == pytest.approx(3072.0)


def test_E3_the_flow_brings_tests_that_run():
    results = list(run_tests(load(FLOW)))
    assert len(results) >= 3
    assert all(result.passed for result in results)


def test_E4_other_batteries_a_schedule_and_a_price_are_a_line_each():
    text = FLOW.read_text()
    other = text[text.index("    - ha_battery") : text.index("  battery_2:")]
    text = text.replace(other, "    - marstek_udp: {host: 192.168.1.20}\n\n")
    hours = '  hours:\n    - schedule: {between: "00:00-24:00", inside: -1.5kW, unit: W}\n\n'
    text = text.replace("  wanted:\n", hours + "  wanted:\n")
    cheap = (
        "  price:\n    - ha_state: {host: ha.local, token: none, entity: sensor.price}\n"
        "    - map: {to: -2kW if value < 0.15 else 0kW, unit: W}\n    - changed\n\n"
    )
    text = text.replace("  wanted:\n", cheap + "  wanted:\n")
    made = site(flow=text.replace("[target, reset]", "[target, hours, price, reset]"))
    made.bench.say("price", 0.10)
    made.run(20.0)
    assert made.given == pytest.approx(-2000.0, abs=30.0)
    made.bench.say("price", 0.30)
    made.run(10.0)
    assert abs(made.given) < 10.0


def test_E4_health_can_be_watched(two):
    assert shown(two, "unmet") == 0.0
    assert "idles" in shown(two, "reasons")
