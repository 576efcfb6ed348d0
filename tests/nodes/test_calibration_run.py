"""calibration_run: from 100 % down to 0, a mean at each step, and a bar for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.testing import play
from nodes._helpers.curve import curve_of
from nodes.calibration_run import Run, Wishes, advance, calibration_run, percent, steps, told
from tests.nodes.timelines import ANY_FLOATS, timelines

QUICK = {"step": "25%", "warm_up": "10s", "settle": "2s", "samples": 2}
WISHES = Wishes(25.0, 10.0, 2.0, 2)


def curve(percent):
    return 23.0 * percent + 1


def measured(seconds=60, reads=curve):
    """Say what the variator draws, told by the run itself."""
    run, line, shown = Run(), [], []
    for at in range(seconds):
        run = advance(run, float(at), reads(percent(run, WISHES)), WISHES)
        shown.append(told(run, float(at), WISHES))
        line.append(run)
    return line[-1], shown


def test_it_warms_up_then_goes_down_step_by_step_and_ends_at_zero():
    said = play(calibration_run, [(t, 1000.0) for t in range(60)], rest=0, **QUICK)
    percents = list(dict.fromkeys(one.percent for _, one in said))
    assert percents == [100, 75, 50, 25, 0]
    assert next(t for t, one in said if one.percent == 75) == pytest.approx(13)
    assert said[-1][1].done
    assert said[-1][1].percent == 0


def test_each_step_is_the_mean_of_its_readings_after_they_settled():
    run, shown = measured()
    assert [watts for _, watts in run.points] == [curve(p) for p in (100, 75, 50, 25, 0)]
    assert shown[-1].table == "100.0;2301.00\n75.0;1726.00\n50.0;1151.00\n25.0;576.00\n0.0;1.00\n"


def test_what_it_writes_is_a_calibration_file():
    run, _ = measured()
    assert curve_of(run.points).percent_at(1151.0) == 50


def test_a_load_that_is_hot_is_waited_for_and_its_zeros_do_not_count(caplog):
    hot = lambda p: 0.0 if p == 50 else curve(p)  # noqa: E731
    run, shown = measured(100, hot)
    assert run.waits
    assert len(run.points) == 2
    assert shown[-1].bar.endswith("at 50 %: it draws nothing, is it hot?")
    play(calibration_run, [(t, 0.0) for t in range(60)], rest=0, **QUICK)
    assert len([r for r in caplog.records if "draws nothing" in r.message]) == 1


def test_a_bar_shows_how_far_it_is():
    _, shown = measured()
    assert shown[0].bar == "[..............................]   0 %  warming up for 10 s"
    assert shown[14].bar.startswith("[######........................]  20 %  at 75 %: 2301 W")
    assert shown[-1].bar == "[##############################] 100 %  done"
    assert sorted(one.progress for one in shown) == [one.progress for one in shown]


def test_without_readings_it_speaks_on_so_that_the_lease_goes_on():
    said = play(calibration_run, [], rest=5, **QUICK)
    assert [t for t, _ in said] == [0, 1, 2, 3, 4, 5]


def test_half_percents_are_two_hundred_and_one_steps():
    assert steps(Wishes()) == 201


@given(timelines(ANY_FLOATS, longest=20.0))
def test_it_never_goes_up_again(line):
    said = play(calibration_run, line, **QUICK)
    percents = [one.percent for _, one in said]
    assert percents == sorted(percents, reverse=True)
    assert all(0 <= value <= 100 for value in percents)


@given(st.floats(0.1, 25))
def test_however_fine_the_steps_it_ends_at_zero(step):
    wishes = Wishes(step, 0.0, 0.0, 1)
    run = Run(0)
    for n in range(steps(wishes)):
        run = advance(run, float(n), 500.0, wishes)
    assert told(run, 0.0, wishes).done
