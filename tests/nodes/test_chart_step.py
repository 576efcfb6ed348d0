"""chart_step: a step after a rest, not a slope."""

from hypothesis import given

from flowctl.testing import play
from nodes.chart_step import chart_step
from tests.nodes.timelines import NUMBERS, timelines


def test_after_a_long_rest_the_old_value_stands_before_the_new_one():
    line = [(0, 0.0), (60, 250.0), (63, 260.0)]
    said = play(chart_step, line, after="20s")
    assert said == [(0, 0.0), (60, 0.0), (60.2, 250.0), (63, 260.0)]


def test_after_a_short_rest_values_pass_as_they_come():
    line = [(0, 0.0), (20, 250.0), (40, 0.0)]
    assert play(chart_step, line, after="20s") == line


def test_a_value_that_stays_what_it_was_is_no_step():
    assert play(chart_step, [(0, 5.0), (60, 5.0)], after="20s") == [(0, 5.0), (60, 5.0)]


def test_the_newest_value_waits_behind_the_old_one():
    line = [(0, 0.0), (60, 250.0), (60.1, 260.0), (60.15, 270.0)]
    said = play(chart_step, line, after="20s", lead=0.2)
    assert said == [(0, 0.0), (60, 0.0), (60.2, 270.0)]


@given(timelines(NUMBERS, longest=60.0))
def test_the_last_word_is_the_last_word_of_the_input(line):
    said = play(chart_step, line, after="20s")
    assert [value for _, value in said][-1:] == [value for _, value in line][-1:]
