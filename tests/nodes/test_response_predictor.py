"""`response_predictor` tells demand from commands in flight, and learns how batteries answer."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Outlook, Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.law.knowing import bank as banks
from nodes._helpers.law.knowing.ability import ability
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.judging import retried
from nodes._helpers.law.knowing.learning import Sample, learned
from nodes._helpers.law.knowing.resting import let_go
from nodes._helpers.law.seeing.forecast import Forecast, forecast, worth_following
from nodes._helpers.law.seeing.house import House, look, read, told
from nodes.response_predictor import response_predictor
from tests.nodes.batteries import FLEETS
from tests.nodes.small_house import LOG, Cell, SmallHouse
from tests.nodes.timelines import ANY_FLOATS, timelines


def outlooks(meter, **batteries):
    """Outlooks by time; a battery is a timeline of records."""
    return play(response_predictor, meter, batteries=batteries)


def house(**beliefs):
    return House({name: belief or believe(2.0, 1.0, 2500.0) for name, belief in beliefs.items()})


def heard(*records, **more):
    """What is believed of a battery after some records, by second."""
    belief = believe(**{"dead": 2.0, "lag": 1.0, "rating": 2500.0} | more)
    for at, record in records:
        belief = hear(belief, record, at)
    return belief


def times(said):
    return [t for t, _ in said]


def test_it_speaks_at_each_reading_and_between_while_the_meter_is_fresh():
    said = outlooks([(0, 5.0), (2, 5.0), (4, 5.0)], left=[(0, Battery(power=0.0))])
    assert {0.0, 0.5, 2.0, 2.5, 3.0, 4.0, 4.5}.issubset(times(said))
    assert max(times(said)) == 4 + 3 * 2 + 5 - 0.5
    assert all(outlook.valid_until > t for t, outlook in said)


def test_between_readings_of_one_second_it_speaks_once():
    said = outlooks([(t, 5.0) for t in range(4)], left=[(0, Battery(power=0.0))])
    assert [t for t in times(said) if t < 3.4] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_it_is_silent_before_the_first_reading_and_never_speaks_for_a_battery():
    tells = [(t / 10, Battery(power=0.0, setpoint=float(t))) for t in range(1, 95)]
    said = outlooks([(5, 5.0), (6, 5.0)], left=tells)
    assert min(times(said)) == 5.0
    assert {round(t * 10) % 5 for t in times(said)} == {0}


def test_a_command_in_flight_is_no_demand():
    line = [(0, Battery(power=0.0)), (1.01, Battery(setpoint=600.0))]
    meter = [(float(t), 1000.0 if t < 6 else 400.0) for t in range(21)]
    said = dict(outlooks(meter, left=line))
    assert [said[t].load for t in (0.0, 2.0, 3.0, 20.0)] == pytest.approx([1000.0] * 4, abs=1)
    assert said[2.0].target == pytest.approx(1000.0, abs=1)
    assert said[2.0].shows() == 0.0
    assert said[2.0].batteries["left"].setpoint == 600.0
    assert said[2.0].batteries["left"].flights == ((1.01, 600.0),)


def test_demand_that_comes_meanwhile_is_seen():
    line = [(0, Battery(power=0.0)), (1, Battery(setpoint=600.0))]
    said = dict(outlooks([(0, 1000.0), (2, 1000.0), (2.5, 1400.0)], left=line))
    assert said[2.5].load == pytest.approx(1400.0)


def test_a_timing_that_is_a_second_off_moves_no_load():
    """The prior is 3.5 s; this battery shows its 600 W after some 2.5 s."""
    line = [(0, Battery(power=0.0)), (1, Battery(setpoint=600.0))]
    said = dict(outlooks([(0, 1000.0), (3, 1000.0), (4, 400.0), (12, 400.0)], left=line))
    assert said[4.0].load == pytest.approx(1000.0, abs=10)


def test_what_is_missing_for_good_is_demand():
    line = [(0, Battery(power=0.0)), (1, Battery(setpoint=600.0))]
    meter = [(float(t), 1000.0 if t < 6 else 700.0) for t in range(31)]
    said = dict(outlooks(meter, left=line))
    assert said[30.0].load == pytest.approx(1300.0, abs=1)


def test_a_start_sees_what_batteries_do_already():
    left, right = [(0, Battery(power=800.0))], [(0.2, Battery(power=-100.0))]
    said = outlooks([(0.1, 0.0), (1.1, 0.0)], left=left, right=right)
    assert not said[0][1].batteries["right"].available
    assert said[0][1].batteries["right"].note == "not heard yet"
    assert said[0][1].target == 800.0
    assert said[1][1].target == pytest.approx(700.0)
    assert said[1][1].batteries["right"].available


def test_a_battery_without_a_word_is_counted_on_after_a_second():
    said = dict(outlooks([(0, 500.0), (1, 500.0)], mute=[]))
    assert not said[0.5].batteries["mute"].available
    assert said[1.0].batteries["mute"].available
    assert said[1.0].batteries["mute"].can_discharge == 2500.0


def test_a_new_start_rebuilds_what_is_in_flight():
    record = Battery(power=100.0, setpoint=700.0, setpoint_at=9.0)
    belief = heard((10.0, record))
    assert belief.flights == ((9.0, 600.0),)
    assert (belief.expected, belief.shows(10.0)) == (700.0, 100.0)
    old = heard((100.0, Battery(power=650.0, setpoint=700.0, setpoint_at=9.0)))
    assert (old.flights, old.expected, old.accepted) == ((), 650.0, 700.0)


@pytest.mark.parametrize(
    ("records", "expected", "flights"),
    [
        ([(1, Battery(setpoint=500.0))], 500.0, 1),
        ([(1, Battery(setpoint=500.0)), (2, Battery(setpoint=500.0))], 500.0, 1),
        ([(1, Battery(setpoint=500.4)), (2, Battery(power=0.0, setpoint=500.0))], 500.4, 1),
        ([(1, Battery(setpoint=500.0)), (2, Battery(setpoint=0.0))], 0.0, 2),
        ([(1, Battery(setpoint=500.0)), (2, Battery(setpoint=9.0, setpoint_at=0.5))], 500.0, 1),
        ([(1, Battery(power=300.0)), (2, Battery(setpoint=500.0))], 500.0, 1),
        ([(1, Battery(power=300.0)), (3, Battery(power=320.0))], 320.0, 0),
        ([(1, Battery(setpoint=math.nan, power=math.inf))], 0.0, 0),
    ],
)
def test_what_a_record_changes(records, expected, flights):
    belief = heard(*records)
    assert (belief.expected, len(belief.flights)) == (expected, flights)


def test_two_measurements_below_cut_the_ceiling_and_two_above_raise_it():
    short = [(t, Battery(power=300.0)) for t in (12, 14)]
    belief = heard(
        (0, Battery(power=0.0)), (1, Battery(setpoint=600.0)), (10, Battery(power=600.0))
    )
    assert ability(belief).can_discharge == 2500.0
    once = hear(belief, short[0][1], 12)
    assert ability(once).can_discharge == 2500.0
    twice = hear(once, short[1][1], 14)
    assert (ability(twice).can_discharge, twice.expected) == (300.0, 300.0)
    assert ability(twice).can_charge == 2500.0
    assert ability(twice).note == "delivers 300W at most"
    again = hear(twice, Battery(setpoint=300.0), 14.5)
    for t in (*range(16, 36, 2), 36, 38):
        again = hear(again, Battery(power=300.0 if t < 36 else 600.0), t)
    assert ability(again).can_discharge == 1000.0


def test_more_soon_after_a_cut_shows_that_the_telemetry_was_late():
    belief = hear(cut(), Battery(setpoint=300.0), 12.5)
    for at in (14.0, 16.0):
        belief = hear(belief, Battery(power=600.0), at)
    assert ability(belief).can_discharge == 2500.0
    assert belief.witness.older == 6.0  # s from the cut on


def test_a_battery_that_appears_may_wake_up():
    belief = heard((0, Battery(power=0.0)), (1, Battery(setpoint=600.0)), dead=0.5, lag=0.3)
    for at in (2, 4, 6):
        belief = hear(belief, Battery(power=0.0), at)
    assert ability(belief).can_discharge == 2500.0
    for at in (8, 10, 12):
        belief = hear(belief, Battery(power=0.0), at)
    assert ability(belief).can_discharge == 0.0


def test_zero_must_be_told_three_times():
    belief = heard((0, Battery(power=0.0)), (1, Battery(setpoint=-600.0)))
    for t, power in ((10, -600.0), (12, -600.0), (16, 0.0), (18, 0.0)):
        belief = hear(belief, Battery(power=power), t)
    assert ability(belief).can_charge == 2500.0
    assert ability(hear(belief, Battery(power=0.0), 20)).can_charge == 0.0


def test_a_battery_that_is_where_it_was_sent_has_no_ceiling():
    """It went down faster than its learned response."""
    belief = heard((0, Battery(power=900.0)), lag=4.0, dead=5.0)
    belief = hear(belief, Battery(setpoint=100.0), 1)
    for t in (2, 3, 4, 5):
        belief = hear(belief, Battery(power=100.0), t)
    assert ability(belief).can_discharge == 2500.0


def test_a_cut_ceiling_is_tried_again_sooner_when_power_is_missing():
    for load, wait in ((420.0, 120), (3000.0, 10)):
        line = [(t, Battery(power=min(300.0, 300.0 * t))) for t in range(0, 200, 2)]
        line.append((1.5, Battery(setpoint=600.0)))
        other = [(t, Battery(power=100.0)) for t in range(0, 200, 2)]
        other.append((1.5, Battery(setpoint=100.0)))
        lines = [sorted(each, key=lambda event: event[0]) for each in (line, other)]
        meter = [(t, load - 400.0) for t in range(200)]
        said = outlooks(meter, left=lines[0], right=lines[1])
        cut = [t for t, outlook in said if outlook.batteries["left"].can_discharge == 300.0]
        assert cut[-1] - cut[0] == pytest.approx(wait, abs=6)


def cut(power=300.0):
    """A battery that gave less than it was told, once it is believed."""
    line = [(0, Battery(power=0.0)), (1, Battery(setpoint=600.0))]
    return heard(*line, *[(t, Battery(power=power)) for t in (8, 10, 12)])


def test_late_telemetry_is_taken_for_a_shortfall_a_few_times_only():
    """It tells what was 6 s ago; up and down each half minute."""
    belief, told_at, cuts = heard((0, Battery(power=0.0)), dead=0.5, lag=0.3), [(0, 200.0)], []
    for at in range(1, 400):
        if at % 30 == 1:
            told_at.append((at, 1000.0 if told_at[-1][1] == 200.0 else 200.0))
            belief = hear(belief, Battery(setpoint=told_at[-1][1]), at + 0.1)
        before = ability(belief).can_discharge
        power = [watts for since, watts in told_at if since + 6 < at]
        belief = hear(belief, Battery(power=power[-1] if power else 0.0), at + 0.5)
        if ability(belief).can_discharge < before:
            cuts.append(at)
    assert len(cuts) <= 4
    assert max(cuts) < 200
    assert belief.witness.older >= 2.0


def test_one_try_at_a_time():
    """A ceiling that is being tried is not raised once more before it was seen to hold or not."""
    belief = retried(cut(), False, hungry=False, at=135.0)
    assert ability(belief).can_discharge == pytest.approx(395.0)
    asked = hear(hear(belief, Battery(power=300.0), 134.0), Battery(setpoint=395.0), 135.5)
    assert retried(asked, False, hungry=True, at=140.0) is asked
    holds = hear(hear(asked, Battery(power=390.0), 141.0), Battery(power=390.0), 143.0)
    more = retried(holds, False, hungry=False, at=146.0)
    assert ability(more).can_discharge == pytest.approx(1.5 * 390.0 + 100.0)


def test_a_house_that_lacks_power_tries_all_that_a_battery_may_have():
    """Nobody else would give it; and what is given beside the known rest says more than little."""
    short = cut()
    for at in range(14, 27, 2):
        short = hear(short, Battery(power=300.0), at)
    asked = hear(retried(short, False, hungry=True, at=26.0), Battery(setpoint=2000.0), 26.5)
    assert ability(asked).can_discharge == 2500.0
    assert ability(asked).proven_discharge == 300.0
    gives = hear(hear(asked, Battery(power=1200.0), 29.0), Battery(power=1990.0), 32.0)
    assert ability(gives).note == ""
    part = hear(asked, Battery(power=800.0), 29.0)
    for at in (31.0, 33.0, 35.0, 37.0, 39.0):
        part = hear(part, Battery(power=1000.0), at)
    assert ability(part).gain == pytest.approx(0.5, abs=0.02)
    assert ability(part).can_discharge == 2500.0


def test_what_is_only_tried_is_no_load_if_it_does_not_come():
    asked = hear(retried(cut(), False, hungry=True, at=25.0), Battery(setpoint=2000.0), 25.5)
    assert asked.may_show(30.0, 1.0) == (300.0, pytest.approx(2000.0, abs=300.0))
    assert asked.may_show(60.0, 1.0)[0] > 1900.0


def test_a_failed_try_makes_no_later_one_harder_to_see():
    """What a verdict explains was no noise of the battery's own meter."""
    tried = hear(retried(cut(), False, hungry=True, at=25.0), Battery(setpoint=550.0), 25.5)
    failed = tried
    for at in (14.0, 26.0, 32.0, 34.0, 36.0):
        failed = hear(failed, Battery(power=300.0), at)
    assert ability(failed).can_discharge == 300.0
    assert failed.witness.scatter <= tried.witness.scatter


def test_what_was_planned_before_a_cut_and_written_after_it_brings_no_more():
    before = cut()
    late = hear(before, Battery(setpoint=620.0), before.discharge.since + 0.5)
    assert (late.accepted, late.expected) == (620.0, before.expected) == (620.0, 300.0)
    assert late.moves(before.discharge.since, before.discharge.since + 60.0) == 0.0
    again = hear(before, Battery(setpoint=620.0), before.discharge.since + 60.0)
    assert again.expected == 620.0


def test_what_is_only_tried_teaches_no_timing():
    """An answer that never comes would look like one that comes in 15 s."""
    asked = hear(retried(cut(), False, hungry=True, at=25.0), Battery(setpoint=550.0), 25.5)
    sample, beliefs = Sample(25.0, 900.0), {"left": asked}
    for at in range(26, 45):
        now = Sample(float(at), 900.0 + at % 2)
        beliefs, sample = learned(beliefs, sample, now)
    assert beliefs["left"] is asked


def test_what_the_cut_command_taught_is_forgotten():
    belief = heard((0, Battery(power=0.0)), (1, Battery(setpoint=600.0)))
    sample, beliefs = Sample(1.0, 900.0), {"left": belief}
    for at, watts in ((2, 900.0), (3, 780.0), (4, 600.0), (5, 601.0), (6, 600.0), (7, 602.0)):
        now = Sample(float(at), watts)
        beliefs, sample = learned(beliefs, sample, now)
    assert beliefs["left"].bank.costs != belief.bank.costs
    short = beliefs["left"]
    for at in (8.0, 10.0, 12.0):
        short = hear(short, Battery(power=300.0), at)
    assert ability(short).can_discharge == 300.0
    assert banks.best(short.bank) == (short.dead, short.lag) == (2.0, 1.0)


def test_what_it_seemed_to_teach_before_it_was_known_to_be_off_line_is_forgotten():
    belief = heard((0, Battery(power=0.0)), (1, Battery(setpoint=800.0)))
    for at in range(2, 8):  # it died: the meter shows nothing of its answer, then a load comes on
        taught, _ = learned({"left": belief}, Sample(at - 1.0, 0.0), Sample(float(at), -30.0))
        belief = taught["left"]
    assert (belief.dead, belief.lag) != (2.0, 1.0)
    gone = let_go(hear(belief, Battery(online=False), 8.0))
    assert banks.best(gone.bank) == (gone.dead, gone.lag) == (2.0, 1.0)


@pytest.mark.parametrize("most", [400.0, 800.0])
def test_a_house_that_is_never_full_learns_no_timing_that_is_not_there(most):
    """Both are tried above what they can do again and again; they answer in 1.7 s and 0.8 s."""
    cells = {"left": Cell(most=most), "right": Cell(most=most)}
    house = SmallHouse(cells, lambda t: 600.0 if t % 60 < 20 else 3000.0).run(300)
    for says in house.outlooks[-1].batteries.values():
        assert says.dead_time + says.lag < 6.0


def test_a_silent_battery_is_not_available_and_comes_back_as_it_is():
    line = [(t, Battery(power=500.0)) for t in (0, 2, 4, 6, 40)] + [(0.5, Battery(setpoint=500.0))]
    meter = [(float(t), 0.0) for t in range(44)]
    said = dict(outlooks(meter, left=sorted(line, key=lambda event: event[0])))
    lost = [t for t, o in said.items() if t < 44 and not o.batteries["left"].available]
    assert (min(lost), max(lost)) == (13.5, 39.5)
    assert said[20.0].batteries["left"].note == "tells nothing any more"
    assert said[20.0].target == pytest.approx(0.0, abs=1)
    assert said[40.0].target == pytest.approx(500.0, abs=1)
    assert said[40.0].batteries["left"].setpoint == 500.0


def test_a_slower_poll_is_learned():
    belief = heard(*[(t, Battery(power=0.0)) for t in range(0, 20, 2)])
    for t in (50, 80, 110, 140, 170, 200, 230, 260):
        belief = hear(belief, Battery(power=0.0), t)
    assert not belief.is_gone(290)


@pytest.mark.parametrize(
    ("record", "note"),
    [
        (Battery(online=False), "offline"),
        (Battery(self_regulating=True, power=100.0), "left to itself"),
    ],
)
def test_who_cannot_be_commanded_says_why(record, note):
    said = outlooks([(1, 500.0)], left=[(0, record)])
    ability = said[0][1].batteries["left"]
    assert (ability.available, ability.note, ability.can_discharge) == (False, note, 0.0)


def test_a_battery_that_tells_its_power_again_is_online():
    belief = heard((0, Battery(online=False)), (5, Battery(power=0.0)))
    assert not belief.is_gone(6)


def test_the_fast_part_is_left_to_a_battery_with_a_meter_of_its_own():
    own = [(t, Battery(power=300.0, self_regulating=True)) for t in range(60)]
    meter = [(float(t), 300.0) for t in range(60)]
    said = outlooks(meter, own=own, left=[(0, Battery(power=0.0))])
    assert said[-1][1].target == pytest.approx(300.0)


def test_limits_are_what_a_battery_tells_or_the_rating():
    told_limits = [(0, Battery(power=0.0, max_charge=800.0, soc=100.0))]
    ability = outlooks([(1, 0.0)], left=told_limits)[0][1].batteries["left"]
    assert (ability.can_charge, ability.can_discharge) == (0.0, 2500.0)
    [(_, first), *_] = play(
        response_predictor, [(1, 0.0)], batteries={"left": told_limits}, rating="4kW"
    )
    assert first.batteries["left"].can_discharge == 4000.0


def test_after_a_silence_of_the_meter_batteries_are_taken_as_they_are():
    line = [(0, Battery(power=0.0)), (1, Battery(setpoint=600.0)), (30, Battery(power=0.0))]
    said = dict(outlooks([(0, 600.0), (1, 600.0), (31, 600.0)], left=line))
    assert said[31.0].load == pytest.approx(600.0)
    assert said[31.0].batteries["left"].setpoint == 0.0
    said = dict(outlooks([(0, 600.0), (1, 600.0), (31, 600.0)], left=line[:2]))
    assert said[31.0].batteries["left"].setpoint == 0.0


def test_a_slow_meter_does_not_look_dead():
    said = outlooks([(t, 5.0) for t in range(0, 100, 10)], left=[])
    gaps = [b - a for a, b in zip(times(said), times(said)[1:], strict=False) if a >= 10]
    assert max(gaps) <= 1.0


def test_a_reading_that_is_no_number_is_not_heard():
    said = outlooks([(0, 100.0), (1, math.nan), (2, math.inf), (3, 100.0)], left=[])
    assert all(outlook.meter == 100.0 for _, outlook in said)
    assert 1.0 not in {t for t in times(said) if said and t == 1.0 and dict(said)[t].read_at == 1.0}


def test_pulses_faster_than_the_loop_are_met_in_the_middle():
    past = Forecast()
    for t in range(120):
        past = forecast(past, 500.0 + (1600.0 if t % 4 == 0 else 0.0), float(t), 1.0, 5.0)
    assert worth_following(past) == 500.0
    for t in range(120, 180):
        past = forecast(past, 2000.0, float(t), 1.0, 5.0)
    assert worth_following(past) == 2000.0


def test_a_word_older_than_all_setpoints_that_are_known_tells_against_no_timing():
    bank = banks.new_bank(3.5, 1.5)
    for at, watts in ((0.0, 800.0), (66.0, 0.0), (67.0, 2000.0)):
        bank = banks.stepped(bank, watts, at)
    assert bank.begun == (0.0, 66.0, 67.0)
    for moved in (900.0, -900.0):
        assert banks.contradict(bank, (-40.0, 5.0, 9.0), moved) is bank


def test_a_step_soon_after_the_start_costs_no_more_than_a_later_one():
    """A big load was there when it began, and ends: no level had earned any trust by then."""
    exported = []
    for end in (18.0, 40.0):
        cells = {"left": Cell(3.2), "right": Cell(4.2, 1.5)}
        home = SmallHouse(cells, lambda t, end=end: 5675.0 if 4 <= t < end - 3 else load(t, end))
        home.run(end + 12)
        exported.append(-sum(min(0.0, watts) for watts in home.grid[-120:]))
    assert exported[0] < 1.03 * exported[1]


def load(second: float, end: float) -> float:
    """A large one, and what is left of it."""
    if second < end:
        return 5350.0
    return 3150.0 if second < end + 0.8 else 3500.0


@pytest.mark.parametrize(("dead", "lag"), [(1.0, 0.3), (2.5, 1.0), (5.0, 2.0), (8.0, 4.0)])
def test_the_bank_finds_the_timing_among_noise_and_load_steps(dead, lag):
    chance, bank, truth = (
        random.Random(7),
        banks.new_bank(3.5, 1.5),
        banks.TIMINGS.index((dead, lag)),
    )
    shown = 0.0
    for second in range(400):
        at = float(second)
        if second % 25 == 0:
            bank = banks.stepped(bank, chance.uniform(-2000, 2000), at - 0.4)
        now = banks.shown(bank, at)[truth]
        seen = now - shown + chance.gauss(0, 10) + (800 if chance.random() < 0.03 else 0)
        bank, shown = banks.judge(bank, at - 1, at, seen), now
    assert banks.best(bank) == (dead, lag)


@pytest.mark.parametrize("gap", [8.0, 12.0, 20.0])
def test_what_a_lost_battery_gave_is_no_pulse_of_the_load(gap):
    """It is taken for load until that battery is known to be gone; no later step waits for that."""
    cells = {"left": Cell(), "right": Cell(2.4)}
    home = SmallHouse(cells, lambda second: 1300.0 if second < 60 + gap else -1700.0).run(60)
    cells["right"].most, cells["right"].silent = 0.0, True
    home.run(gap + 5)
    assert home.outlooks[-1].batteries["right"].note == "tells nothing any more"
    followed = next(said.at for said in home.outlooks if said.target < -1000)
    assert followed - 60 - gap < 1.1  # at the next reading


def test_the_bank_shows_what_a_response_shows():
    bank = banks.new_bank(3.5, 1.5)
    belief: Belief = believe(3.0, 2.0, 2500.0)
    belief = replace(belief, dead=3.0, lag=2.0)
    for at, watts in ((1.0, 500.0), (2.5, -300.0), (70.0, 900.0), (70.2, 100.0)):
        bank, belief = banks.stepped(bank, watts, at), hear(belief, Battery(setpoint=watts), at)
        for later in (0.0, 2.9, 3.5, 6.0, 12.0):
            shown = banks.shown(bank, at + later)[banks.TIMINGS.index((3.0, 2.0))]
            assert shown == pytest.approx(belief.shows(at + later), abs=1e-6)


def test_learned_timings_are_kept_and_taken_up_again():
    store, clock = Store(), VirtualClock()

    def run(seconds):
        meter, tells, said = Subject(), Subject(), []
        step = response_predictor(meter, {"left": tells}, clock=clock, store=store, log=LOG)
        step.subscribe(said.append, scheduler=clock)
        cell, want = Cell(dead=0.6, lag=0.3), 0.0
        for k in range(seconds * 10):
            clock.advance(0.1)
            cell.pass_time(clock.time())
            if k % 200 == 0:
                want = 1000.0 - want
                cell.sent.append((clock.time(), want))
                clock.turn(tells.on_next, Battery(setpoint=want))
            if k % 10 == 9:
                clock.turn(meter.on_next, 1000.0 - cell.power)
        return said

    first = run(200)
    assert first[0].batteries["left"].dead_time == 3.5
    kept = dict(store)["left"]
    assert kept["dead_time"] <= 1.5
    assert run(1)[0].batteries["left"].dead_time == kept["dead_time"]
    store["left"] = {"dead_time": "soon", "lag": -1.0}
    assert run(1)[0].batteries["left"].dead_time == 3.5


def test_what_becomes_special_of_a_battery_is_logged_once(caplog):
    line = [(t, Battery(power=0.0)) for t in (0, 2, 4)]
    with caplog.at_level("INFO"):
        outlooks([(t, 5.0) for t in range(20)], left=line)
    assert [record.getMessage() for record in caplog.records] == ["left: tells nothing any more"]


def test_a_whole_house_is_seen_through_what_is_in_flight():
    cells = {"left": Cell(dead=1.0), "right": Cell(dead=3.0)}
    running = SmallHouse(cells, lambda t: 500.0 + 700.0 * (int(t / 40) % 2)).run(240)
    loads = [o for o in running.outlooks if o.at > 120 and o.at == o.read_at and o.at % 40 > 3]
    off = sorted(abs(o.load - (500.0 + 700.0 * (int(o.at / 40) % 2))) for o in loads)
    assert off[int(len(off) * 0.9)] < 60


@given(meter=timelines(ANY_FLOATS), fleet=FLEETS)
def test_an_outlook_holds_only_numbers(meter, fleet):
    for t, outlook in outlooks(meter, **fleet):
        numbers = [outlook.load, outlook.target, outlook.shows()]
        numbers += [a.can_charge for a in outlook.batteries.values()]
        assert all(map(math.isfinite, numbers))
        assert outlook.read_at <= t < outlook.valid_until


@given(meter=timelines(st.floats(-9000, 9000)), fleet=FLEETS)
def test_the_same_words_make_the_same_outlooks(meter, fleet):
    assert outlooks(meter, **fleet) == outlooks(meter, **fleet)


@given(watts=st.lists(st.floats(-2500, 2500), min_size=1, max_size=10))
def test_looking_twice_changes_nothing(watts):
    state = house(left=None)
    for second, power in enumerate(watts):
        state = told(state, "left", Battery(setpoint=power), second + 0.5)
        state, first = look(read(state, 700.0, float(second + 1)), float(second + 1))
        state, again = look(state, float(second + 1))
        assert isinstance(first, Outlook)
        assert first == again


def test_the_outlook_of_a_reading_bears_its_time_though_the_clock_goes_on():
    """A live clock does: an outlook a microsecond later would count as one between readings."""

    class Creeping(VirtualClock):
        calls = 0

        def time(self):
            self.calls += 1
            return super().time() + 1e-6 * self.calls

    clock, meter, said = Creeping(), Subject(), []
    predictor = response_predictor(meter, {}, clock=clock, store=Store(), log=LOG)
    predictor.subscribe(said.append, scheduler=clock)
    for _ in range(3):
        clock.advance(1.0)
        clock.turn(meter.on_next, 100.0)
    readings = [outlook for outlook in said if outlook.at == outlook.read_at]
    assert len(readings) == 3


def test_a_battery_that_is_heard_at_last_is_not_told_again(caplog):
    with caplog.at_level("INFO"):
        outlooks([(0.1, 0.0), (1.1, 0.0)], left=[(0.2, Battery(power=0.0))])
    assert [record.getMessage() for record in caplog.records] == [
        "left: not heard yet",
        "left: heard",
    ]


def test_one_is_called_heard_when_it_was(caplog):
    with caplog.at_level("INFO"):
        outlooks([(0.1, 0.0), (2.1, 0.0)], left=[])
    assert [record.getMessage() for record in caplog.records] == ["left: not heard yet"]
    caplog.clear()
    late = [(3.0, Battery(power=0.0))]
    with caplog.at_level("INFO"):
        outlooks([(0.1, 0.0), (2.1, 0.0), (4.1, 0.0), (5.1, 0.0)], left=late)
    assert [record.getMessage() for record in caplog.records] == [
        "left: not heard yet",
        "left: heard",
    ]


def test_one_that_turns_out_to_be_away_is_told_as_such(caplog):
    gone = [(3.0, Battery(online=False))]
    with caplog.at_level("INFO"):
        outlooks([(0.1, 0.0), (2.1, 0.0), (4.1, 0.0)], left=gone)
    assert [record.getMessage() for record in caplog.records] == [
        "left: not heard yet",
        "left: offline",
    ]
