"""flows/home-energy.yaml against the rows of system 4, the Home Energy Controller.

Powers are flowctl's: + discharges. The old program meant + to charge, and the devices did not.
"""

import logging
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowctl import Battery
from flowctl.language.check import load
from flowctl.virtual.bench import Bench
from flowctl.virtual.flowtest import run_tests
from nodes._helpers.home_energy import Car, Status, control_energy_flow
from tests.systems.venus_house import House

ROOT = Path(__file__).parents[2]
FLOW = ROOT / "flows" / "home-energy.yaml"
NOON = datetime(2025, 11, 10, 12, tzinfo=ZoneInfo("Europe/Brussels"))  # a Monday
NIGHT = NOON.replace(hour=23)
SUNDAY = NOON.replace(day=9)


FIFTH = """
  battery_5:
    - from: plan.battery_5
    - marstek_udp: {<<: *battery, host: "192.168.1.15"}

"""


def house(*socs: float, load: float = 300.0, **sets: str) -> House:
    return House(FLOW, *(socs or (60, 50, 40)), load=load, **sets)


def settled(*socs: float, load: float, **sets: str) -> House:
    made = house(*socs, load=300.0, **sets)
    made.run(30)
    made.load = load
    made.run(90)
    return made


def shares(made: House) -> list[float | None]:
    """What the batteries are told now; `None` is Auto."""
    return [None if unit.told is None else round(unit.told, -1) + 0.0 for unit in made.units]


def reasons(made: House) -> dict[str, str]:
    return dict(made.bench.stream("plan")[-1][1].reasons)


# Purpose, units, roles.


@pytest.mark.parametrize("load", [500.0, 2200.0, 4000.0, 7000.0, -600.0, -3000.0, -6500.0])
def test_G1_several_batteries_null_the_grid_power_and_take_the_surplus(load):
    assert settled(load=load).imbalance(30) < 40.0


def test_G1_B4_4_it_does_not_swing_while_the_load_stays():
    """Helpers follow the load, not what the one in Auto leaves on the meter."""
    made = settled(load=4000.0)
    told = [list(unit_told) for unit_told in (made.bench.heard(u.name) for u in made.units)]
    made.run(600)
    after = [
        made.bench.heard(unit.name)[len(old) :] for unit, old in zip(made.units, told, strict=True)
    ]
    for values in after:
        assert all(abs(a - b) < 100.0 for (_, a), (_, b) in pairwise(values))
        assert not [value for _, value in values if value is None or abs(value) < 300.0]
    assert max(map(abs, made.grids[-500:])) < 60.0


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_G3_C10_one_to_four_units_as_there_are_addresses(count):
    made = settled(*(60, 55, 50, 45)[:count], load=2000.0)
    assert made.roles() == "A" + "h" * (count - 1)
    assert made.imbalance(20) < 40.0


def test_G3_C10_a_fifth_unit_is_one_block_more():
    text = FLOW.read_text().replace(", battery_4]", ", battery_4, battery_5]")
    text = text.replace("  # A car:", FIFTH + "  # A car:")
    made = House(text, 60, 55, 50, 45, 40, load=8000.0)
    made.run(90)
    assert made.roles() == "Ahhhh"
    assert sum(share or 0.0 for share in shares(made)) == pytest.approx(6500.0, abs=100.0)


def test_C10_addresses_come_from_the_environment_with_the_old_ports():
    env = {"P1_HOST": "192.168.2.192:8080", "BATTERY_2_IP": "192.168.2.147:30001"}
    graph = load(FLOW, env=env)
    assert graph.steps["meter/homewizard_p1"].settings["host"] == "192.168.2.192:8080"
    hosts = [graph.steps[f"battery_{n}/marstek_udp"].settings["host"] for n in (1, 2, 3, 4)]
    assert hosts == ["", "192.168.2.147:30001", "", ""]


def test_A10_M6_one_unit_is_in_auto_the_others_are_held():
    made = settled(60, 50, 40, load=1000.0)
    assert shares(made) == [None, 0.0, 0.0]
    assert reasons(made)["battery_1"] == "in Auto: the fullest"


def test_A10_another_unit_gets_auto_when_it_is_better_by_5_points_and_much_is_to_do():
    made = settled(60, 52, 40, load=2000.0)
    assert made.roles() == "Ahh"
    made.load = 1400.0
    made.run(60)
    made.units[1].soc = 68.0
    made.run(90)
    assert made.roles() == "Ahh"  # under 1500 W it is kept
    made.load = 2000.0
    made.run(90)
    assert made.roles() == "hAh"
    assert made.imbalance(30) < 40.0


def test_A10_never_are_all_held_while_the_role_is_handed_over():
    made = settled(60, 50, 40, load=1000.0)
    made.load = -3500.0
    roles = []
    for _ in range(90):
        made.run(1)
        roles.append(made.roles())
    assert roles[-1] == "hhA"
    assert all("A" in one for one in roles)


def test_A10_at_20_percent_the_role_goes_at_once():
    made = settled(23, 22, 30, load=900.0)
    assert made.roles() == "hhA"
    made.units[2].soc = 20.0
    made.run(60)
    assert made.roles() == "Ahh"
    assert made.units[2].told == 0.0


def test_A6_B4_5_nobody_discharges_at_20_percent_or_less_not_even_in_auto():
    made = settled(15, 18, 12, load=4000.0)
    assert shares(made) == [0.0, 0.0, 0.0]
    before = [unit.soc for unit in made.units]
    made.run(300)
    assert [unit.soc for unit in made.units] == before
    assert made.bench.stream("plan")[-1][1].unmet == pytest.approx(4000.0, abs=50.0)


def test_A6_empty_ones_are_charged_again_the_emptiest_in_auto():
    made = settled(15, 18, 12, load=-2500.0)
    assert made.roles() == "hhA"
    assert made.imbalance(20) < 60.0


def test_A6_a_full_one_does_not_charge():
    made = settled(60, 100, 40, load=-5500.0)
    assert shares(made) == [-2500.0, 0.0, None]


def test_A14_helpers_work_with_300_watts_or_not_at_all():
    made = settled(60, 50, 40, load=1900.0)
    told = [share for share in shares(made) if share]
    assert len(told) == 1
    assert told[0] >= 300.0


@pytest.mark.parametrize(
    ("load", "auto"), [(15.0, "hAh"), (-15.0, "hAh"), (200.0, "Ahh"), (-200.0, "hhA")]
)
def test_A14_within_100_watts_the_unit_in_the_middle_is_chosen(load, auto):
    made = house(60, 50, 40, load=load)
    made.poll = 1
    made.run(20)
    assert made.roles() == auto


def test_A13_with_nothing_to_do_helpers_stop():
    made = settled(60, 50, 40, load=4000.0)
    made.load = 0.0
    made.run(30)
    assert shares(made) == [None, 0.0, 0.0]


def test_A11_no_more_than_2500_watts_are_sent_or_what_one_wants():
    for most, sets in ((2500.0, {}), (1200.0, {"unit": "1.2kW"})):
        made = settled(60, 50, 40, load=9000.0, **sets)
        sent = [w for unit in made.units for _, w in made.bench.heard(unit.name) if w is not None]
        assert max(map(abs, sent)) == most


def test_A12_F1_a_unit_that_falls_silent_is_left_out_and_taken_again():
    made = settled(60, 50, 40, load=4000.0)
    made.units[1].lose()
    made.units[1]._told, made.units[1].able = None, 0.0
    made.run(60)
    assert made.units[2].told == pytest.approx(2500.0, abs=20.0)
    assert made.imbalance(10) < 60.0
    made.units[1].online, made.units[1].able = True, 2500.0
    made.run(90)
    assert made.roles() == "Ahh"
    assert made.units[1].told > 800.0
    assert made.imbalance(10) < 60.0


def test_A12_F1_the_unit_in_auto_falls_silent_and_another_one_takes_the_role():
    made = settled(60, 50, 40, load=1800.0)
    made.units[0].lose()
    made.units[0].able = 0.0
    made.run(60)
    assert "A" in made.roles()[1:]
    assert made.imbalance(10) < 40.0
    made.units[0].online, made.units[0].able = True, 2500.0
    made.run(120)
    assert made.roles().count("A") == 1
    assert made.imbalance(10) < 40.0


def test_F4_F7_the_meter_falls_silent_and_all_are_given_back_to_their_own():
    """The old program ended, and a schedule of 2500 W stayed for good."""
    made = settled(60, 50, 40, load=4000.0)
    made.metered = False
    made.run(45)
    assert made.roles() == "AAA"
    assert made.imbalance(30) < 60.0
    made.metered = True
    made.run(30)
    assert made.roles() == "Ahh"
    assert made.imbalance(20) < 60.0


def test_F4_a_unit_that_a_dead_program_left_in_manual_comes_back_to_auto():
    made = house(60, 50, 40, load=500.0)
    made.units[0].mode, made.units[0].power = "Manual", 2500.0
    made.units[0]._told = 2500.0
    made.run(60)
    assert made.roles() == "Ahh"
    assert made.imbalance(15) < 40.0


def test_F8_at_the_end_all_follow_their_own_meters():
    made = settled(60, 50, 40, load=4000.0)
    made.bench.close()
    for unit in made.units[1:]:
        assert made.bench.heard(unit.name)[-1][1] is None


# The bugs of the old program.


def test_B4_1_helpers_push_the_right_way():
    """It wrote + to charge; the devices, and so we, mean + to discharge."""
    made = settled(60, 50, 40, load=4000.0)
    assert [share for share in shares(made) if share is not None and share < 0] == []
    made.load = -4000.0
    made.run(120)
    assert [share for share in shares(made) if share is not None and share > 0] == []


def test_B4_2_helpers_share_one_need():
    made = settled(60, 58, 56, load=4000.0)
    assert sum(share or 0.0 for share in shares(made)) == pytest.approx(2500.0, abs=40.0)


def test_B4_3_the_emptiest_gives_least_and_takes_most():
    made = settled(60, 50, 40, load=4000.0)
    assert made.units[1].told > made.units[2].told
    made = settled(30, 40, 60, load=-5000.0)
    assert made.roles() == "Ahh"
    assert made.units[1].told < made.units[2].told < 0.0


def test_B4_5_more_than_one_unit_can_is_never_left_to_it():
    made = settled(60, 50, 40, load=2600.0)
    assert shares(made)[0] is None
    assert sum(share or 0.0 for share in shares(made)) == pytest.approx(1100.0, abs=40.0)


def test_B4_5_a_unit_in_auto_that_gives_too_little_gets_help():
    made = house(60, 50, 40, load=1400.0)
    made.units[0].able = 600.0
    made.run(150)
    assert made.imbalance(20) < 40.0


def test_B4_8_the_tariff_matters_to_a_car_that_is_there():
    assert control_energy_flow(UNITS, Car(connected=True), 300.0, NIGHT).car == 1400.0
    assert control_energy_flow(UNITS, Car(connected=True), 300.0, NOON).car == 0.0


# The decision as a pure function, and the car.

UNITS = [Status("a", 60, "Auto"), Status("b", 50, "Manual"), Status("c", 40, "Manual")]


def decided(units, grid):
    made = control_energy_flow(units, Car(), grid, NOON)
    return ["A" if one.auto else round(one.power) for one in made.batteries]


@pytest.mark.parametrize(
    ("charges", "grid", "expected"),
    [
        ((60, 50, 40), 300, ["A", 0, 0]),
        ((60, 50, 40), 2600, ["A", 660, 440]),
        ((60, 50, 40), 2800, ["A", 780, 520]),
        ((60, 50, 40), -4000, [-1111, -1389, "A"]),
        ((60, 58, 56), 4000, ["A", 1284, 1216]),
        ((15, 18, 12), 4000, [0, 0, 0]),
    ],
)
def test_E2_M6_the_check_vectors(charges, grid, expected):
    """A/0/0 for 2600 W, twice the need with the wrong sign and an empty one in Auto were theirs."""
    units = [Status(str(n), soc, "Manual" if n else "Auto") for n, soc in enumerate(charges)]
    assert decided(units, float(grid)) == expected


def test_E2_what_units_give_already_counts_as_load():
    giving = [Status("a", 60, "Auto", 2500.0), Status("b", 50, "Manual", 1500.0)]
    assert decided(giving, 0.0) == ["A", 2500]


def test_E2_a_unit_with_an_error_is_left_out():
    made = control_energy_flow([*UNITS[:2], Status("c", error="no answer")], Car(), 300.0, NOON)
    assert [one.ip for one in made.batteries] == ["a", "b"]
    assert control_energy_flow([], Car(), 300.0, NOON).batteries == ()


@pytest.mark.parametrize(
    ("grid", "now", "charge", "watts"),
    [
        (-2000.0, NOON, 60, 1700.0),
        (-2000.0, NOON, 95, 2000.0),
        (300.0, NOON, 60, 0.0),
        (300.0, NOON.replace(hour=6, minute=59), 60, 1400.0),
        (300.0, NOON.replace(hour=7, minute=0), 60, 0.0),
        (300.0, NOON.replace(hour=21, minute=59), 60, 0.0),
        (300.0, NOON.replace(hour=22, minute=0), 60, 1400.0),
        (300.0, SUNDAY, 60, 1400.0),
        (300.0, SUNDAY, 15, 0.0),
    ],
)
def test_M6_E2_the_car_state_and_the_time_are_inputs(grid, now, charge, watts):
    units = [Status(ip, charge) for ip in "ab"]
    assert control_energy_flow(units, Car(connected=True), grid, now).car == pytest.approx(watts)
    assert control_energy_flow(units, Car(), grid, now).car == 0.0


def test_E2_the_car_is_a_load_that_batteries_serve():
    made = control_energy_flow(UNITS, Car(connected=True), 1600.0, NIGHT)
    assert [round(one.power) for one in made.batteries] == [0, 900, 600]


def lines(made: Bench, stream: str, caplog) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name.endswith(f".{stream}")]


@pytest.mark.parametrize(("when", "watts"), [(NOON, 0.0), (NIGHT, -1400.0), (SUNDAY, -1400.0)])
def test_M6_B4_8_in_the_flow_cheap_hours_let_a_car_charge(caplog, when, watts):
    caplog.set_level(logging.INFO)
    sets = {"car_connected": "true", "zone": "Europe/Brussels"}
    bench = Bench(FLOW, accept=False, start=when, sets=sets)
    bench.say("battery_1", Battery(power=0.0, soc=50.0, self_regulating=True, online=True))
    for _ in range(3):
        bench.say("meter", 300.0)
        bench.advance(1.0)
    assert bench.stream("car_power/car_charging")[-1][1] == watts
    assert lines(bench, "car_power", caplog)[-1] == f"the car may draw {-watts:.0f} W"


def test_M6_without_a_car_nothing_is_said_of_it(caplog):
    caplog.set_level(logging.INFO)
    bench = Bench(FLOW, accept=False)
    bench.say("meter", -3000.0)
    bench.advance(120.0)
    assert lines(bench, "car_power", caplog) == []


# Settings, log, help.


def test_F6_time_out_and_tries_are_settings():
    step = load(FLOW, sets={"timeout": "3s", "tries": "5"}).steps["battery_3/marstek_udp"]
    assert (step.settings["patience"], step.settings["tries"]) == (3.0, 5)
    step = load(FLOW).steps["battery_3/marstek_udp"]
    assert (step.settings["patience"], step.settings["tries"]) == (1.5, 3)
    assert step.settings["local_port"] == 30000


def test_K5_the_log_tells_statuses_grid_decision_and_commands(caplog):
    """Times are those of the log; nothing sleeps, so no sleep is announced."""
    caplog.set_level(logging.INFO)
    made = settled(60, 50, 40, load=4000.0)
    assert any("%, " in line and " W, Auto" in line for line in lines(made, "status_1", caplog))
    assert any(" W, Passive" in line for line in lines(made, "status_2", caplog))
    assert lines(made, "status_4", caplog) == []
    assert any(line.startswith("P1 ") for line in lines(made, "grid", caplog))
    said = lines(made, "decisions", caplog)[-1]
    assert "battery_2 gives" in said
    assert "battery_1 is its own (in Auto: the fullest)" in said
    assert "battery_2=1" in lines(made, "commands", caplog)[-1]


def test_K5_the_meter_falls_silent_and_comes_back_in_the_log(caplog):
    made = settled(60, 50, 40, load=4000.0)
    made.metered = False
    made.run(15)
    made.metered = True
    made.run(2)
    assert [line for line in lines(made, "meter", caplog) if "no value for 10s" in line]


def test_E5_the_page_helps_with_what_goes_wrong():
    page = (ROOT / "docs" / "migrate" / "home-energy.md").read_text()
    for words in ("gave no answer", "active_power_w", "refuse", "own risk", "encrypt", "timeout"):
        assert words in page


def test_the_tests_in_the_flow_pass():
    assert [one for one in run_tests(load(FLOW)) if not one.passed] == []
