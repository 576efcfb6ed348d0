"""Figures of runs whose outcome is known by hand."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowctl import FlowError
from flowctl.backtest.figures import BY_NAME, figures
from flowctl.backtest.settling import settled, steps
from flowctl.backtest.table import number
from flowctl.backtest.tariff import read_tariff
from flowctl.backtest.truth import Truth, per_second
from tests.plants import QUICK, world

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def lived(folder, load, commands=(), text=QUICK, seconds=None, **given):
    """Let a plant live through a load, `(second, W)`, and commands to `left`, `(second, W)`."""
    made = world(folder, text, house=load, seconds=seconds or load[-1][0], **given)
    twins = made.open()
    truth, todo = Truth(twins), list(commands)
    now, end = 0.0, made.lasts(twins)
    while now < end:
        now = min(now + 0.5, end, todo[0][0] if todo else end)
        twins.advance(now)
        truth.reach(now)
        if todo and todo[0][0] <= now:
            twins.twin("left").command(todo.pop(0)[1])
    return truth, {"left": list(commands)}


def told(truth, commands, **more):
    return figures(truth, commands, **more)


def test_what_passes_the_meter_is_counted_in_and_out(tmp_path):
    made = told(*lived(tmp_path, [(0, 1000), (1800, -500), (3600, 0)]))
    assert made["grid_w"] == pytest.approx(750)
    assert made["import_kwh"] == pytest.approx(0.5)
    assert made["export_kwh"] == pytest.approx(0.25)


def test_the_warm_up_is_left_out(tmp_path):
    made = told(*lived(tmp_path, [(0, 1000), (60, 100), (120, 0)]), warm_up=60.0)
    assert made["grid_w"] == pytest.approx(100)
    assert made["import_kwh"] == pytest.approx(0.1 / 60)


def test_what_batteries_store_and_lose_is_counted_from_the_warm_up_on(tmp_path):
    """What they gave passed the meter, came out of their cells, or was lost on the way."""
    truth, commands = lived(tmp_path, [(0, 1000), (3600, 0)], [(600, 1000.0), (2400, -500.0)])
    whole, rest = told(truth, commands), told(truth, commands, warm_up=2400.0)
    for made, since in ((whole, 0), (rest, 2400)):
        given = sum(truth.powers[0][since * 4 :]) / 4 / 3.6e6
        lost = made["losses_w"] * (3600 - since) / 3.6e6
        assert made["stored_kwh"] == pytest.approx(-given - lost)
        assert lost > 0
    assert rest["stored_kwh"] > 0 > whole["stored_kwh"]


def test_the_wrong_way_is_what_a_battery_could_have_prevented(tmp_path):
    made = told(*lived(tmp_path, [(0, 4000), (60, -4000), (120, 0)]))
    assert made["wrong_w"] == pytest.approx(2500)
    assert made["wrong_kwh"] == pytest.approx(2.5 * 120 / 3600)
    empty = QUICK.replace("left: {", "left: {soc: 5%, ")
    made = told(*lived(tmp_path, [(0, 4000), (60, -4000), (120, 0)], text=empty))
    assert made["wrong_w"] == pytest.approx(1250)  # it could only have charged


@pytest.mark.parametrize("soc", ["99.6%", "100%"])
def test_a_full_battery_goes_no_wrong_way_beside_one_that_does_all_it_can(tmp_path, soc):
    text = QUICK.replace("left: {", "right: {max_charge: 1kW, ") + f"left: {{soc: {soc}}}\n"
    made = told(*lived(tmp_path, [(0, -4000), (60, 0)], text=text))
    assert made["wrong_w"] == pytest.approx(1000)  # the other could have taken that


def test_a_battery_that_gives_all_it_can_goes_no_wrong_way(tmp_path):
    made = told(*lived(tmp_path, [(0, 4000), (60, 0)], [(0.0, 2500.0)]), warm_up=5.0)
    assert made["grid_w"] == pytest.approx(1500)
    assert made["wrong_w"] == pytest.approx(0)


def test_settling_counts_from_the_step_until_the_meter_stays_at_rest(tmp_path):
    load = [(0, 300), (100.5, 1300), (300, 0)]
    truth, _ = lived(tmp_path, load, [(1.0, 300.0), (105.5, 1600.0), (110.5, 1300.0)])
    (step,) = steps(truth)
    assert (step.at, step.size) == (100.5, 1000)
    (answer,) = settled(truth.grid(), [step])
    assert answer.took == pytest.approx(10, abs=0.75)
    assert answer.overshoot == pytest.approx(30, abs=1)
    assert answer.rest == pytest.approx(0, abs=1)


def test_a_falling_step_overshoots_upwards(tmp_path):
    load = [(0, 1300), (100, 300), (300, 0)]
    truth, _ = lived(tmp_path, load, [(1.0, 1300.0), (102.0, 200.0), (104.0, 300.0)])
    (answer,) = settled(truth.grid(), steps(truth))
    assert answer.took == pytest.approx(4, abs=0.75)
    assert answer.overshoot == pytest.approx(10, abs=1)


def test_a_step_after_which_the_meter_never_rests_did_not_settle_in_twenty_seconds(tmp_path):
    load = [(0, 300), (100, 1300), (125, 300), (300, 0)]
    truth, _ = lived(tmp_path, load, [(1.0, 300.0), (140.0, 300.0)])
    first, second = settled(truth.grid(), steps(truth))
    assert first.took == 60  # it was watched for 25 s
    assert second.took < 5  # it stood there already
    assert number(first.took, BY_NAME["settle_p50_s"]) == ">60"


def test_what_the_batteries_cannot_follow_is_no_step(tmp_path):
    assert steps(lived(tmp_path, [(0, 300), (100, 2900), (300, 0)])[0]) == []
    assert len(steps(lived(tmp_path, [(0, 300), (100, 2400), (300, 0)])[0])) == 1


def test_pulses_and_ramps_are_no_steps(tmp_path):
    pulses = [(second, 1000.0 * (second // 5 % 2)) for second in range(0, 300, 5)]
    ramp = [(second, 10.0 * second) for second in range(200)]
    assert steps(lived(tmp_path, pulses)[0]) == []
    assert steps(lived(tmp_path, ramp)[0]) == []


def test_crossings_switches_and_commands_are_counted_by_the_hour(tmp_path):
    load = [(second, 100.0 if second // 60 % 2 else -100.0) for second in range(0, 660, 60)]
    truth, commands = lived(tmp_path, load, [(100.0, 500.0), (200.0, 0.0)])
    made = told(truth, commands)
    hours = 600 / 3600
    assert made["commands_per_h"] == pytest.approx(2 / hours)
    assert made["switches_per_h"] == pytest.approx(2 / hours)
    assert made["crossings_per_h"] * hours == pytest.approx(9, abs=2)


@pytest.mark.parametrize(("rest", "switches", "late"), [(0.0, 6, 4), (1.0, 2, 1)])
def test_a_relay_that_a_trickle_keeps_closed_does_not_switch(tmp_path, rest, switches, late):
    said = [(100.0, 500.0), (200.0, rest), (300.0, 80.0), (400.0, rest), (450.3, -900.0)]
    text = QUICK.replace("min_power: 0W", "min_power: 80W")
    truth, commands = lived(tmp_path, [(0, 0), (600, 0)], [*said, (550.0, 0.0)], text=text)
    assert told(truth, commands)["switches_per_h"] == pytest.approx(switches * 6)
    made = told(truth, commands, warm_up=250.0)
    assert made["switches_per_h"] * 350 / 3600 == pytest.approx(late)


def test_small_wandering_around_zero_is_no_crossing(tmp_path):
    load = [(second, 15.0 * (-1) ** second) for second in range(120)]
    assert told(*lived(tmp_path, load))["crossings_per_h"] == 0


def test_a_plant_without_batteries_has_figures_too(tmp_path):
    truth, _ = lived(tmp_path, [(0, 500), (60, 0)], text="meter: {}")
    made = figures(truth, {})
    assert (made["grid_w"], made["wrong_w"], made["soc_spread"]) == (500, 0, None)


def test_samples_are_means_so_that_no_energy_is_lost(tmp_path):
    truth, _ = lived(tmp_path, [(0, 0), (10.1, 1000), (20.3, 0), (30, 0)])
    assert sum(truth.load) * 0.25 == pytest.approx(10200)
    assert sum(per_second(truth.load)) == pytest.approx(10200)


def test_a_tariff_prices_import_and_export(tmp_path):
    load = [(0, 1000), (1800, -1000), (3600, 0)]
    truth, commands = lived(tmp_path, load)
    made = told(truth, commands, tariff=read_tariff("import=0.30,export=0.10"), start=NOON)
    assert made["cost"] == pytest.approx(0.5 * 0.30 - 0.5 * 0.10)


def test_prices_change_by_the_time_of_day(tmp_path):
    file = tmp_path / "tariff.yaml"
    file.write_text("import: {'22:00-06:00': 0.2, '11:00-12:30': 0.5, else: 0.3}\nexport: 0.1\n")
    truth, commands = lived(tmp_path, [(0, 1000), (3600, 0)])
    made = told(truth, commands, tariff=read_tariff(str(file)), start=NOON)
    assert made["cost"] == pytest.approx(0.5 * 0.5 + 0.5 * 0.3)
    made = told(truth, commands, tariff=read_tariff(str(file)), start=NOON, warm_up=1800.0)
    assert made["cost"] == pytest.approx(0.5 * 0.3)
    late = NOON.replace(hour=23, minute=45)
    made = told(truth, commands, tariff=read_tariff(str(file)), start=late)
    assert made["cost"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import: 0.3\n", "names no export"),
        ("currency: EUR\n", "names no import and no export"),
        ("- 1\n", "is no tariff"),
        ("import: cheap\nexport: 0\n", "'cheap' is no price per kWh"),
        ("import: {'25:00-26:00': 1, else: 2}\nexport: 0\n", "'25:00-26:00' is no time of day"),
        ("import: {'10:00-11:00': 1}\nexport: 0\n", "no price at 00:00; add 'else: 0.22'"),
        ("import: 1\nexport: 0\nexprt: 2\n", "a tariff has no 'exprt'"),
        (
            "import: {'22:00-06:00': 1, '05:30-08:00': 2, else: 3}\nexport: 0\n",
            "a second price at 05:30; let windows end where others begin",
        ),
    ],
)
def test_a_wrong_tariff_is_told_with_place_and_cure(tmp_path, text, said):
    file = tmp_path / "tariff.yaml"
    file.write_text(text)
    with pytest.raises(FlowError) as error:
        read_tariff(str(file))
    assert said in str(error.value)
    assert error.value.faults[0].mark.line >= 1


def test_prices_change_with_the_clock_of_the_house_to_the_second(tmp_path):
    file = tmp_path / "tariff.yaml"
    file.write_text("import: {'02:00-04:00': 1, else: 0}\nexport: 0\n")
    truth, commands = lived(tmp_path, [(0, 1000), (7200, 0)])
    berlin, cost = ZoneInfo("Europe/Berlin"), read_tariff(str(file))
    spring = datetime(2026, 3, 29, 1, 30, 30, tzinfo=berlin)  # at 2 it is 3
    made = told(truth, commands, tariff=cost, start=spring)
    assert made["cost"] == pytest.approx(1.0)
    autumn = datetime(2026, 10, 25, 2, 15, tzinfo=berlin)  # from 2 to 3 twice
    made = told(truth, commands, tariff=cost, start=autumn)
    assert made["cost"] == pytest.approx(2.0)
    late = datetime(2026, 6, 1, 3, 59, 30, tzinfo=berlin)
    made = told(truth, commands, tariff=cost, start=late)
    assert made["cost"] == pytest.approx(30 / 3600, abs=2e-4)
    made = told(truth, commands, tariff=cost, start=spring, warm_up=3600.0)
    assert made["cost"] == pytest.approx((30 * 60 - 30) / 3600, abs=2e-4)


@pytest.mark.parametrize(
    ("value", "said"), [(-0.0004, "0.000"), (-0.0006, "-0.001"), (0.0, "0.000"), (-0.0, "0.000")]
)
def test_no_zero_is_below_zero(value, said):
    assert number(value, BY_NAME["stored_kwh"]) == said


def test_what_is_stored_counts_at_the_mean_price_of_import(tmp_path):
    file = tmp_path / "tariff.yaml"
    file.write_text("import: {'12:30-13:00': 0.5, else: 0.3}\nexport: 0.1\n")
    load = [(0, 600), (3600, 0)]
    idle, gives = (told(*lived(tmp_path, load, [(0.5, watts)]), tariff=read_tariff(str(file)),
                        start=NOON) for watts in (0.0, 600.0))  # fmt: skip
    assert idle["cost"] == pytest.approx(0.6 * 0.4)
    assert idle["net_cost"] == pytest.approx(0.6 * 0.4, abs=0.01)
    assert gives["cost"] < 0.01
    assert gives["net_cost"] == pytest.approx(gives["cost"] - gives["stored_kwh"] * 0.4)
    assert gives["net_cost"] > idle["net_cost"]  # it has lost some on the way


def test_negative_prices_turn_what_costs_and_what_earns(tmp_path):
    truth, commands = lived(tmp_path, [(0, 1000), (1800, -1000), (3600, 0)])
    cost = read_tariff("import=-0.20,export=-0.10")
    assert told(truth, commands, tariff=cost, start=NOON)["cost"] == pytest.approx(-0.1 + 0.05)


@pytest.mark.parametrize(
    "given",
    [
        "import=1",
        "import=x,export=1",
        "import=1,export=nan",
        "a=b",
        "import=0,32,export=0,08",
        "import=1,export=1,import=2",
        "import=1,export=1,foo",
        "",
    ],
)
def test_a_wrong_price_is_told_with_its_cure(given):
    with pytest.raises(FlowError, match="write --tariff import="):
        read_tariff(given)
