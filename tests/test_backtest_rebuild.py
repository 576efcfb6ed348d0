"""Houses rebuilt from recordings, and batteries that answer as was learned."""

import json
import math
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from flowctl import Battery, FlowError
from flowctl.backtest.calm import sharpened
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.given import Given
from flowctl.backtest.learned import dynamics, read_state, stores
from flowctl.backtest.options import asked
from flowctl.backtest.rebuild import rebuild
from flowctl.backtest.settling import steps
from flowctl.backtest.trial import Setting, fitting, try_out
from flowctl.live.storage import Storage
from flowctl.recordings.plain import plain
from flowctl.recordings.recording import Recorder
from tests.house import build
from tests.plants import HOME, QUICK, ZERO, flow, plant, world
from tests.test_backtest import run
from tests.test_backtest_figures import lived

BEGIN = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()


def recorded(folder, seconds=300, *, late=0.0, roof=False, poll=2, price=False):
    """Record a house that draws 500 W and a wave of 400 W; its battery does something else."""
    file = folder / "day.jsonl.gz"

    def battery(t):
        return 600 * math.sin(t / 9) + min(800.0, 100 * abs(t % 60 - 30))

    with Recorder(file, flow="home", zone="Europe/Berlin") as recorder:
        for second in range(seconds):
            t = float(second)
            if second % poll == 0:
                record = Battery(power=battery(t), soc=70.0 - second / 100)
                recorder.write(BEGIN + t, "left", record)
            if roof:
                recorder.write(BEGIN + t, "pv", 1000.0)
            if price and second % 100 == 0:
                recorder.write(BEGIN + t, "price", 0.2 + second / 1000)
            load = 500 + 400 * math.sin(t / 40) - (1000 if roof else 0)
            recorder.write(BEGIN + t, "meter", load - battery(t - late))
    return file


def test_the_load_is_the_sum_of_all_powers(tmp_path):
    made = rebuild(recorded(tmp_path), ("meter", "left"))
    for second, watts in made.load:
        assert watts == pytest.approx(500 + 400 * math.sin(second / 40), abs=60)
    assert made.at == datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert made.seconds == 298
    assert made.socs == {"left": 70}
    assert 0 < made.error < 60
    assert made.negative == 0


def test_a_meter_that_tells_late_is_noticed(tmp_path):
    made = rebuild(recorded(tmp_path, late=1.5, poll=1), ("meter", "left"))
    assert made.shifts == {"left": pytest.approx(1.5, abs=0.25)}
    wrong = [abs(watts - 500 - 400 * math.sin(second / 40)) for second, watts in made.load]
    assert sum(wrong) / len(wrong) < 30


def test_a_recorded_roof_is_no_load(tmp_path):
    made = rebuild(recorded(tmp_path, roof=True), ("meter", "left"))
    assert made.load[100][1] == pytest.approx(500 + 400 * math.sin(2.5), abs=120)
    assert made.sun[100] == (100, 1000)


def test_a_load_below_zero_is_told(tmp_path):
    file = tmp_path / "house.jsonl"
    rows = [{"t": t, "stream": name, "value": -100} for t in range(9) for name in ("left", "meter")]
    file.write_text("\n".join(map(json.dumps, rows)))
    assert rebuild(file, ("meter", "left")).negative == 100


def test_a_recording_without_a_battery_is_told_so(tmp_path):
    file = recorded(tmp_path)
    said = "tells no power of mid, right; it holds left, meter; say --silent mid --silent right if"
    with pytest.raises(FlowError, match=said):
        rebuild(file, ("meter", "left", "mid", "right"))


def test_a_recording_is_no_trace(tmp_path):
    file = recorded(tmp_path)
    for given in (Given(house=str(file)), Given(pv=f"{file}#meter")):
        with pytest.raises(FlowError, match="is a recording; say --recording"):
            asked(replace(given, plant=plant(tmp_path)), flow(tmp_path), {})


def test_a_table_is_rebuilt_by_its_columns(tmp_path):
    file = tmp_path / "house.csv"
    file.write_text("time,grid,bat\n" + "".join(f"{t},100,200\n" for t in range(20)))
    made = rebuild(file, ("meter", "left"), {"meter": "grid", "left": "-bat"})
    assert {watts for _, watts in made.load} == {-100}


def test_a_table_in_kilowatts_tells_the_charge_in_a_column_of_its_own(tmp_path):
    file = tmp_path / "house.csv"
    file.write_text("time,grid,bat,charge\n" + "".join(f"{t},0.1,0.2,44\n" for t in range(20)))
    columns = {"meter": "1000*grid", "left": "1000*bat", "left.soc": "charge"}
    made = rebuild(file, ("meter", "left"), columns)
    assert {watts for _, watts in made.load} == {300}
    assert made.socs == {"left": 44}
    with pytest.raises(FlowError, match=r"--column lft: .* is called 'lft'; did you mean 'left'"):
        rebuild(file, ("meter", "left"), {**columns, "lft": "bat"})


@pytest.mark.parametrize("odd", ["left", "left.soc"])
def test_a_cell_of_a_table_that_is_no_number_for_sure_is_told_with_its_place(tmp_path, odd):
    file = tmp_path / "house.csv"
    cells = [f'{t},{"n/a" if t == 3 else 100},{"2 200.5"},44,"2,200"\n' for t in range(20)]
    file.write_text("time,grid,bat,charge,odd\n" + "".join(cells))
    columns = {"meter": "grid", "left": "bat", "left.soc": "charge"}
    assert rebuild(file, ("meter", "left"), columns).load[-1][1] == 2300.5
    with pytest.raises(FlowError, match=r"left at 1970-01-01 .*: '2,200' is no number for sure"):
        rebuild(file, ("meter", "left"), {**columns, odd: "odd"})


def test_the_last_value_of_a_table_holds_until_its_end(tmp_path):
    """An export of changes: the battery stood from half of the time on."""
    file = tmp_path / "export.csv"
    rows = [f"sensor.p1,{100 + t % 7},{BEGIN + t}" for t in range(0, 600, 5)]
    rows += [f"sensor.left,{watts},{BEGIN + t}" for t, watts in ((0, 0), (120, 300), (240, 500))]
    file.write_text("\n".join(["entity_id,state,last_changed", *rows]))
    columns = {"meter": "sensor.p1", "left": "sensor.left"}
    made = rebuild(file, ("meter", "left"), columns)
    assert made.seconds == 595
    assert made.load[-1][1] == pytest.approx(600, abs=10)
    assert made.missing == ()


def test_the_flow_lives_in_the_rebuilt_house(tmp_path):
    file = recorded(tmp_path)
    told = asked(Given(plant=plant(tmp_path), recording=file), flow(tmp_path), {})
    assert told.rebuilt is not None
    made = try_out(Candidate("it", flow(tmp_path)), told.setting)
    assert made.seconds == 298
    assert 50 < made.figures["grid_w"] < 150  # a fifth of 500 W, smoothed
    assert told.setting.world.open().twin("left").soc == pytest.approx(70)
    code, out, said = run(flow(tmp_path), "--plant", plant(tmp_path), "--recording", file)
    assert code == 0
    assert "the house of a recording: 4.97 min from 2026-06-01 12:00" in out
    assert "balance error" in said


def test_what_the_recorded_day_came_to_is_told_beside(tmp_path):
    file = recorded(tmp_path)
    words = (
        flow(tmp_path), "--plant", plant(tmp_path), "--recording", file, "--no-bounds",
        "--tariff", "import=0.30,export=0.10", "--for", "4m", "--warm-up", "1m",
    )  # fmt: skip
    said, told = run(*words)[2], run(*words, "--json")[1]
    lived = json.loads(told)["rebuilt"]["as_recorded"]
    readings = [watts for second, watts in rebuild(file, ("meter", "left")).grid
                if 60 <= second < 240]  # fmt: skip
    assert lived["grid_w"] == pytest.approx(sum(map(abs, readings)) / 180)
    assert lived["import_kwh"] - lived["export_kwh"] == pytest.approx(sum(readings) / 3.6e6)
    assert lived["cost"] == pytest.approx(0.3 * lived["import_kwh"] - 0.1 * lived["export_kwh"])
    assert f"as recorded: mean |grid| {lived['grid_w']:.1f} W, imported" in said


def drawn(t):
    """A house that switches 1.2 kW on and off each minute."""
    return 1500.0 if t % 120 >= 60 else 300.0


def given(t, share, dead):
    """What a battery gives of it: it answers after `dead` seconds, within 2 s."""
    was, now = drawn(max(0.0, t - dead - 2)), drawn(max(0.0, t - dead))
    begin = (t - dead) % 60
    return share * (was + (now - was) * min(1.0, begin / 2) if begin < 2 else now)


def switched(seconds):
    """What a meter tells, 1.2 s late, and two batteries: one each second, one every 4 s."""
    for second in range(seconds):
        t = float(second)
        late = t + 0.5 + 0.2 * math.sin(t) - 1.2
        yield (
            t + 0.5 + 0.2 * math.sin(t),
            "meter",
            drawn(late) - given(late, 0.6, 2) - given(late, 0.4, 3),
        )
        yield t + 0.9, "left", {"power": given(t + 0.5, 0.6, 2), "soc": 50.0}
        if second % 4 == 0:
            yield t + 0.1, "right", {"power": given(t - 0.9, 0.4, 3), "soc": 50.0}


def steps_in(folder, load):
    """Find the steps of a load that batteries can follow."""
    truth, _ = lived(folder, load, text=QUICK + "right: {}\n")
    return [round(step.size, -2) for step in steps(truth)]


NAMES = ("meter", "left", "right")


def test_steps_of_the_load_are_found_though_batteries_are_told_at_moments_of_their_own(tmp_path):
    made = told_of(tmp_path, sorted(switched(600), key=lambda row: row[0]), names=NAMES)
    assert made.shifts["left"] == pytest.approx(0.8, abs=0.3)
    assert steps_in(tmp_path, made.load) == [1200, -1200] * 4 + [1200]


def test_steps_are_found_in_a_table_that_repeats_what_it_does_not_know_anew(tmp_path):
    held, rows = {}, sorted(switched(600), key=lambda row: row[0])
    file = tmp_path / "house.csv"
    with file.open("w") as table:
        table.write("time,meter,left,right\n")
        for second in range(3, 600):
            while rows and rows[0][0] <= second:
                _, name, value = rows.pop(0)
                held[name] = value["power"] if name != "meter" else value
            table.write(",".join(f"{x:.0f}" for x in (second, *(held[name] for name in NAMES))))
            table.write("\n")
    made = rebuild(file, NAMES, {name: name for name in NAMES})
    assert steps_in(tmp_path, made.load) == [1200, -1200] * 4 + [1200]
    assert made.missing == ()


def telegrams(seconds, period=10):
    """A house of 1 kW: its meter has a new value each `period`, and is asked for it each second."""
    for second in range(seconds):
        taken = second - second % period
        yield float(second), "meter", 1000.0 - round(400 * math.sin(taken / 7))
        if second % 2 == 0:
            yield float(second), "left", {"power": 400 * math.sin(second / 7), "soc": 50.0}


def test_a_telegram_that_is_asked_for_ten_times_counts_once(tmp_path):
    """While the battery moves and the meter repeats itself, the load does not."""
    made = told_of(tmp_path, telegrams(600))
    assert [second for second, _ in made.load] == [*range(0, 600, 10)]
    assert {round(watts) for _, watts in made.load} <= {*range(950, 1051)}
    assert made.error < 20
    assert made.period == 10
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--recording", tmp_path / "rows.jsonl")
    assert "the meter had a reading each 10 s only: what the house" in run(*words, "--no-bounds")[2]
    words = (*words[:-1], recorded(tmp_path))
    assert "the meter had a reading" not in run(*words, "--no-bounds")[2]


def test_a_meter_that_now_and_then_says_the_same_again_is_no_slow_one(tmp_path):
    """A house at rest, or a meter that shows tens of watts."""
    chance = Random(1)
    rows = [(float(t), "meter", round(20 * math.sin(t / 40) + chance.gauss(0, 2), -1))
            for t in range(600)]  # fmt: skip
    made = told_of(tmp_path, sorted(rows + every(2, "left", 50.0), key=lambda row: row[0]))
    assert len(made.load) == 600 - 1


def test_a_load_jumps_where_a_reading_lies_between_two_levels():
    pulse = [(float(t), watts) for t, watts in enumerate([300, 300, 600, 1300, 550, 300, 300])]
    assert sharpened(pulse) == [
        (0, 300), (1, 300), (2, 300), (2.7, 1300), (3, 1300), (4, 1300), (4.25, 300), (5, 300),
        (6, 300),
    ]  # fmt: skip
    ramp = [(float(t), 200.0 * t) for t in range(9)]
    few = [(float(t), watts) for t, watts in enumerate([300, 300, 350, 400, 400, 400])]
    rare = [(20.0 * t, watts) for t, watts in pulse]
    for course in (ramp, few, rare, pulse[:4], []):
        assert sharpened(course) == course


def chased(folder, load):
    """What meter and batteries tell where each reading is shared between both, late as they are."""
    twins, wanted = world(folder, HOME, house=load).open(), 0.0
    while (due := twins.next_due()) <= load[-1][0]:
        for t, name, value in twins.advance(due):
            yield t, name, plain(value)
            if name == "meter":
                wanted = 0.5 * wanted + 0.5 * value
                twins.twin("left").command(wanted)
                twins.twin("right").command(wanted / 2)


def test_a_restless_load_is_not_calmed_down(tmp_path):
    hob = [(t, 1900.0 if t % 7 == 0 else 300.0) for t in range(300) if t % 7 in (0, 3)]
    made = told_of(tmp_path, list(chased(tmp_path, hob)), names=NAMES)
    changes = sum(abs(now - was) for (_, was), (_, now) in pairwise(made.load))
    assert changes == pytest.approx(1600 * len(hob), rel=0.12)


def test_how_little_a_short_recording_tells_is_told(tmp_path):
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--no-bounds")
    words += ("--recording", recorded(tmp_path, seconds=900))
    short = "15 min are short: chance alone makes about a tenth of mean |grid|"
    cold = "the flow begins without what it had learned by then: --warm-up 10m leaves out"
    said = run(*words)[2]
    assert short in said
    assert cold in said
    said = run(*words, "--warm-up", "10m")[2]
    assert "4.97 min are short" in said
    assert cold not in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(552, "--warm-up 4m leaves out"), (132, "--warm-up 1m leaves out"), (70, "then: --learned")],
)
def test_no_longer_warm_up_is_recommended_than_fits(tmp_path, seconds, said):
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--no-bounds")
    words += ("--recording", recorded(tmp_path, seconds=seconds + 2))
    told = run(*words)[2]
    assert said in told
    if "--warm-up" in said:
        code, _, then = run(*words, *said.split()[:2])
        assert (code, "--warm-up" in then) == (0, False)


def test_two_recordings_are_two_houses(tmp_path):
    file = recorded(tmp_path)
    code, _, said = run(flow(tmp_path), "--recording", file, "--recording", "other.jsonl")
    assert (code, "--recording is given 2 times" in said, "try one at a time" in said) == (
        2, True, True
    )  # fmt: skip


def test_why_nothing_is_known_of_settling_is_told(tmp_path):
    words = (flow(tmp_path), "--plant", plant(tmp_path), "--no-bounds")
    said = run(*words, "--recording", recorded(tmp_path))[2]
    assert "no settling, overshoot, calm: the load never changed by 200 W and stayed so" in said
    trace = tmp_path / "house.csv"
    changes = {0: 300, 30: 900, 40: 300, 100: 3300, 160: 2900, 195: 300, 200: 300}
    rows = [f"{t},{watts}" for t, watts in changes.items()]
    trace.write_text("\n".join(["t_s,load_w", *rows]))
    said = run(*words, "--house", trace)[2]
    assert (
        "of the changes of the load by 200 W and more, 2 were without 15 s before and 20 s after "
        "within 50 W, 2 beyond what the batteries could follow, 1 too near the end"
    ) in said


def told_of(folder, rows, zone="Europe/Berlin", names=("meter", "left"), **given):
    """Rebuild a house from `(second, stream, value)`."""
    file = folder / "rows.jsonl"
    head = {"flowctl": 1, "flow": "home", "zone": zone}
    lines = [{"t": BEGIN + t, "stream": stream, "value": value} for t, stream, value in rows]
    file.write_text("\n".join(map(json.dumps, [head, *lines])) + "\n")
    return rebuild(file, names, **given)


def every(seconds, stream, value, begin=0, end=600):
    return [(float(second), stream, value) for second in range(begin, end, seconds)]


def test_a_stretch_of_a_recording_begins_where_it_is_told_to(tmp_path):
    """Load, charge, date and all other sources, too."""
    rows = every(1, "meter", 100.0) + [(t, "left", {"power": t, "soc": 80 - t / 10})
                                       for t in range(0, 600, 2)]  # fmt: skip
    rows += [(0.0, "price", 1.0), (250.0, "price", 2.0), (450.0, "price", 3.0)]
    made = told_of(tmp_path, sorted(rows, key=lambda row: row[0]), since=300.0)
    assert made.load[0] == (0.0, pytest.approx(400, abs=10))
    assert made.at == datetime(2026, 6, 1, 12, 5, tzinfo=ZoneInfo("Europe/Berlin"))
    assert made.seconds == 298
    assert made.socs == {"left": pytest.approx(50)}
    assert made.fed == ((0.0, "price", 2.0), (150.0, "price", 3.0))
    file = recorded(tmp_path)
    given = Given(plant=plant(tmp_path), recording=file, begin="100s")
    told = asked(given, flow(tmp_path), {})
    assert told.setting.world.open().load_energy(1.0) == pytest.approx(740, abs=60)
    with pytest.raises(FlowError, match=r"--begin 10 min: all spoke together for 4\.97 min only"):
        asked(replace(given, begin="10m"), flow(tmp_path), {})


def test_a_time_in_which_nothing_was_recorded_is_not_tried(tmp_path):
    """Two evenings in one file: the longer one, or that which is asked for."""
    rows = every(1, "meter", 100.0, 0, 300) + every(2, "left", 50.0, 0, 300)
    rows += every(1, "meter", 200.0, 90000, 90400) + every(2, "left", 50.0, 90010, 90400)
    rows += every(1, "pv", 0.0, 0, 90400)
    rows.sort(key=lambda row: row[0])
    made = told_of(tmp_path, rows)
    assert (made.seconds, {watts for _, watts in made.load}) == (388, {250})
    assert made.at == datetime(2026, 6, 2, 13, 0, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    said = "nothing was recorded between its 2 parts: tried from"
    first = "--begin 1s for 4.98 min from 2026-06-01 12:00:00 on"
    assert made.missing == (f"{said} 2026-06-02 13:00:10 on for 6.47 min; {first}",)
    for since, lasts in ((1.0, 298), (5000.0, 388), (90020.0, 378)):
        assert told_of(tmp_path, rows, since=since).seconds == lasts


def test_a_short_time_in_which_nothing_was_recorded_is_bridged(tmp_path):
    rows = every(1, "meter", 100.0) + every(2, "left", 50.0)
    made = told_of(tmp_path, sorted(row for row in rows if not 100 < row[0] < 340))
    assert made.seconds == 598
    assert {said.partition(" from")[0] for said in made.missing} == {
        "meter told nothing for 4 min", "left told nothing for 4 min",
    }  # fmt: skip


def test_what_is_missing_of_a_recording_is_told(tmp_path):
    silent = every(1, "meter", 100.0, 0, 200) + every(1, "meter", 100.0, 400)
    made = told_of(tmp_path, silent + every(2, "left", 50.0, 120, 500))
    assert made.missing == (
        "meter told nothing for 3.35 min from 2026-06-01 12:03:19 on: "
        "its power is taken to have stood",
        "tried from 2026-06-01 12:02:00 on: before, left told no power",
        "tried until 2026-06-01 12:08:18: later, left told no power",
    )
    assert told_of(tmp_path, every(1, "meter", 100.0) + every(2, "left", 50.0)).missing == ()


def test_a_power_that_no_house_has_is_left_out_and_told(tmp_path):
    rows = [*every(1, "meter", 100.0), (300.5, "meter", 1e12), *every(2, "left", 50.0)]
    made = told_of(tmp_path, sorted(rows, key=lambda row: row[0]))
    assert {watts for _, watts in made.load} == {150.0}
    assert made.missing == ("powers of meter beyond 100 kW are left out (1)",)


def test_a_recording_with_other_names_is_taken_by_them(tmp_path):
    rows = [(t, {"meter": "p1", "left": "venus"}[name], watts)
            for t, name, watts in every(1, "meter", 100.0) + every(2, "left", 50.0)]  # fmt: skip
    rows.sort(key=lambda row: row[0])
    with pytest.raises(FlowError, match=r"holds p1, venus; --column meter=NAME says by which"):
        told_of(tmp_path, rows)
    made = told_of(tmp_path, rows, columns={"meter": "p1", "left": "venus"})
    assert {watts for _, watts in made.load} == {150.0}
    assert made.missing == ()


def test_a_meter_that_tells_an_energy_is_noticed(tmp_path):
    rows = every(2, "left", 50.0) + [(t, "meter", 1234 + t / 3000) for t in range(600)]
    made = told_of(tmp_path, sorted(rows, key=lambda row: row[0]))
    said = "never falls: it looks like a counter of energy, kWh, which tells no power"
    assert made.missing == (f"the power of meter {said}",)


def test_a_battery_that_is_not_tried_is_part_of_the_house(tmp_path):
    """Its power came from it then, and has to come from somewhere now."""
    more = every(2, "third", {"power": 200.0, "soc": 50.0})
    rows = sorted(every(1, "meter", 100.0) + every(2, "left", 50.0) + more, key=lambda row: row[0])
    made = told_of(tmp_path, rows)
    assert made.load[300][1] == 350.0
    assert made.missing == (
        "third was there and is not in the plant: the house draws what it gave",
    )
    heard = told_of(tmp_path, rows, fed={"third"})
    assert heard.load[300][1] == 150.0
    assert {stream for _, stream, _ in heard.fed} == {"third"}


def test_a_battery_that_was_not_there_is_tried(tmp_path):
    two = ZERO + "  right: [from: house, bat]\n"
    words = (flow(tmp_path, two), "--plant", plant(tmp_path, QUICK + "right: {}\n"),
             "--recording", recorded(tmp_path), "--no-bounds")  # fmt: skip
    code, _, said = run(*words)
    assert (code, "say --silent right if it was not there" in said) == (2, True)
    assert run(*words, "--silent", "right")[0] == 0


def test_a_battery_that_tells_changes_only_stood_until_then(tmp_path):
    changes = [(0.0, "left", 0.0), (500.0, "left", 800.0), (599.0, "left", 0.0)]
    rows = [*every(1, "meter", 100.0), *changes]
    load = dict(told_of(tmp_path, sorted(rows, key=lambda row: row[0])).load)
    assert (load[100.0], load[480.0], load[550.0]) == (100.0, 100.0, 900.0)


@pytest.mark.parametrize("stops", [True, False])
def test_a_battery_that_is_away_gave_nothing_or_went_on_whichever_is_the_calmer_load(
    tmp_path, stops
):
    """Without power it stops, without a network it goes on; it is told 12 s later."""
    rows = every(1, "left", {"power": 800.0, "online": True}, 0, 200)
    rows += [(211.5, "left", {"online": False}), (220.0, "left", {"power": 800.0, "online": False})]
    rows += every(1, "left", {"power": 0.0 if stops else 800.0, "online": True}, 300)
    rows += [(float(t), "meter", 1000.0 if stops and t >= 200 else 200.0) for t in range(600)]
    made = told_of(tmp_path, sorted(rows, key=lambda row: row[0]))
    assert {watts for _, watts in made.load} == {1000.0}
    did = "given nothing" if stops else "gone on as before"
    assert made.missing == (
        "left was away for 1.68 min from 2026-06-01 12:03:19 on: "
        f"it is taken to have {did}, which makes the calmer load",
    )


def test_odd_records_are_heard_as_far_as_they_make_sense(tmp_path):
    for at in (1e18, -1e300, 0):
        far = told_of(
            tmp_path, every(1, "meter", 1.0) + every(2, "left", {"power": 5, "power_at": at})
        )
        assert far.load[100][1] == 6.0
    odd = {"power": 50.0, "power_at": None, "soc": "full", "capacity": "big", "max_charge": True}
    made = told_of(tmp_path, every(1, "meter", 100.0) + every(2, "left", odd))
    assert (made.socs, made.ratings) == ({}, {"left": {}})
    assert made.load[100][1] == 150.0


def test_streams_that_never_spoke_together_are_named(tmp_path):
    apart = every(1, "meter", 100.0, 0, 100) + every(1, "left", 50.0, 200, 300)
    with pytest.raises(FlowError, match="left told its first power after the last one of meter"):
        told_of(tmp_path, apart)
    once = [*every(1, "meter", 100.0), *every(1, "left", 50.0), (300.0, "pv", 500.0)]
    with pytest.raises(FlowError, match="pv told its power once only; leave pv out of it"):
        told_of(tmp_path, once)


def test_dates_of_a_table_are_by_the_clock_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    file, columns = tmp_path / "house.csv", {"meter": "grid", "left": "bat"}
    rows = "".join(f"2026-06-01T12:00:{t:02},100,200\n" for t in range(20))
    file.write_text(f"time,grid,bat\n{rows}")
    assert rebuild(file, ("meter", "left"), columns).at.isoformat() == "2026-06-01T12:00:00+02:00"
    file.write_text("time,grid,bat\n" + "".join(f"{t},100,200\n" for t in range(3600, 3620)))
    assert rebuild(file, ("meter", "left"), columns).at.isoformat() == "2026-01-01T01:00:00+01:00"


def test_other_sources_speak_from_the_recording(tmp_path):
    text = ZERO.replace("  left:", "  price: [src]\n  left:").replace(
        "    - bat",
        "    - map: {others: {price: price}, to: value * 0 + price * 1000, unit: W}\n    - bat",
    )
    file = recorded(tmp_path, price=True)
    told = asked(Given(plant=plant(tmp_path), recording=file), flow(tmp_path, text), {})
    assert told.rebuilt is not None
    setting = replace(told.setting, pictured=True)
    series = try_out(Candidate("it", flow(tmp_path, text)), setting).series
    assert series is not None
    assert [series.batteries[0].setpoint[second] for second in (50, 150, 250)] == [200, 300, 400]
    with pytest.raises(FlowError, match="say --say price=VALUE, --silent price, or give"):
        bare = Setting(world(tmp_path))
        fitting(Candidate("it", flow(tmp_path, text)), bare, bare.world.open())


PRICED = ZERO.replace("  left:", "  price: [src]\n  cheap: [toggle]\n  left:").replace(
    "    - bat",
    "    - map: {others: {p: price, c: cheap}, to: p if c else 0 * value, unit: W}\n    - bat",
)
TOGGLE = '''
from collections.abc import AsyncIterator

async def toggle() -> AsyncIterator[bool]:
    """Nothing by itself."""
    if False:
        yield True
'''


def test_a_source_says_at_the_beginning_what_it_is_told_to_say(tmp_path):
    file = build(tmp_path, PRICED, toggle=TOGGLE)
    says = {"price": "1.2kW", "cheap": "true"}
    given = Given(plant=plant(tmp_path), says=says, lasts="30s", pictured=True)
    series = try_out(Candidate("it", file), asked(given, file, {}).setting).series
    assert series is not None
    assert series.batteries[0].setpoint[20] == 1200


@pytest.mark.parametrize(
    ("say", "said"),
    [
        ("price=1200", "--say price=1200: 1200 has no unit; did you mean '1200W'?"),
        ("cheap=maybe", "--say cheap=maybe: 'maybe' is neither on nor off"),
        ("pric=1W", "the flow has no source of that name; did you mean 'price'?"),
        ("left=1W", "--say left: the flow has no source of that name; it has meter, price, cheap"),
        ("meter=1W", "--say meter: the plant speaks for it"),
        ("price", "--say price: write it as name=value"),
    ],
)
def test_what_no_source_says_is_told(tmp_path, say, said):
    file = build(tmp_path, PRICED, toggle=TOGGLE)
    code, _, told = run(file, "--plant", plant(tmp_path), "--no-bounds", "--say", say)
    assert (code, said in told) == (2, True), told


def test_what_was_recorded_of_a_source_and_it_cannot_say_is_told(tmp_path):
    rows = [*every(1, "meter", 100.0), *every(2, "left", 50.0), (3.0, "price", "cheap")]
    told_of(tmp_path, sorted(rows, key=lambda row: row[0]))
    file = build(tmp_path, PRICED, toggle=TOGGLE)
    words = (file, "--plant", plant(tmp_path), "--recording", tmp_path / "rows.jsonl",
             "--no-bounds", "--say", "cheap=true", "--for", "20s")  # fmt: skip
    code, _, said = run(*words)
    assert (code, "of price, 3 s after the beginning: 'cheap' is not a number" in said) == (2, True)
    assert run(*words, "--silent", "price")[0] == 0


def test_what_was_learned_becomes_the_plants_dynamics(tmp_path):
    with Storage(tmp_path / "state") as storage:
        kept = storage.store("zero:plan/predictor")
        timing, traits = {"dead_time": 4.0, "lag": 2.0}, {"gain": 0.6, "min_power": 120.0}
        kept["left"] = timing | traits | {"start_up": 1.5}
        kept["stranger"] = {"dead_time": 1.0, "lag": 1.0}
        storage.store("other:plan/predictor")["left"] = {"dead_time": 9.0, "lag": 9.0}
        odd = {"dead_time": 5.0, "lag": 3.0, "gain": "half", "min_power": -3.0, "charge": [1]}
        storage.store("other:plan/predictor")["right"] = odd
        storage.store("other:count")["left"] = 5
    kept = read_state(tmp_path / "state")
    found = dynamics(kept, "zero", world(tmp_path, HOME).open())
    assert found["left"]["dead_time"] == pytest.approx(4.0 - 0.7 - 0.5)
    assert (found["left"]["lag"], found["right"]["lag"]) == (2.0, 3.0)
    assert (found["left"]["gain"], found["left"]["min_power"]) == (60.0, 120.0)
    assert (found["left"]["wake"], found["right"]["wake"]) == (1.5, 0.0)
    assert not {"gain", "min_power"}.intersection(found["right"])
    given = Given(plant=plant(tmp_path, HOME), learned=tmp_path / "state")
    told = asked(given, flow(tmp_path), {})
    twin = told.setting.world.open().twin("left")
    assert twin.timing == (pytest.approx(2.8), 2.0)
    assert (twin.gain(), twin.min_power) == (0.6, 120.0)
    code, _, said = run(
        flow(tmp_path), "--plant", plant(tmp_path, HOME), "--learned", tmp_path / "state",
        "--for", "1m", "--no-bounds",
    )  # fmt: skip
    assert code == 0
    line = "left answers as learned: after 2.8s, lag 2s, 60% of what it is told, nothing below 120W"
    assert line in said


def test_a_flow_begins_with_a_copy_of_what_it_knows(tmp_path):
    store = stores({"a": {"x": {"deep": [1]}}})
    store("a")["x"]["deep"].append(2)
    assert store("a")["x"] == {"deep": [1, 2]}
    assert stores({"a": {"x": {"deep": [1]}}})("a")["x"] == {"deep": [1]}
    assert dict(store("b")) == {}


def test_a_state_without_a_response_is_told_so(tmp_path):
    with Storage(tmp_path / "state") as storage:
        storage.store("zero:count")["total"] = 5
    with pytest.raises(FlowError, match="no response of left was learned there yet"):
        asked(Given(plant=plant(tmp_path, QUICK), learned=tmp_path / "state"), flow(tmp_path), {})


def test_a_broken_state_is_told_so(tmp_path):
    (tmp_path / "state.sqlite3").write_bytes(b"nonsense" * 200)
    with pytest.raises(FlowError, match="holds nothing learned"):
        read_state(tmp_path)
