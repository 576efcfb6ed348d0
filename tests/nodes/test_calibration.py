"""calibration: watts to percent and back, by files as variators and spreadsheets write them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import FlowError
from flowctl.language.check import load
from flowctl.testing import play
from nodes._helpers.curve import CurveError, curve_of, read_curve, rising
from nodes.calibration import calibration

POINTS = "100.0;2300\n75;1950.5\n50;1150\n25;210\n10;14\n0;1\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "power_calibration_ecs.csv"
    path.write_text(POINTS)
    return path


def test_a_measured_point_gives_its_own_percent(file):
    assert play(calibration, [(0, 1150.0), (1, 210.0)], file=file) == [(0, 50.0), (1, 25.0)]


def test_between_two_points_the_line_is_straight(file):
    assert play(calibration, [(0, 680.0)], file=file) == [(0, 37.5)]


@pytest.mark.parametrize("watts", [2300.0, 2301.0, 1e6])
def test_the_largest_power_and_more_is_all_the_conduction_there_is(file, watts):
    assert play(calibration, [(0, watts)], file=file) == [(0, 100.0)]


def test_nothing_is_nothing_and_less_than_nothing_too(file):
    assert play(calibration, [(0, 0.0), (1, -5.0)], file=file) == [(0, 0.0), (1, 0.0)]


def test_below_the_least_percent_the_variator_is_off(file):
    said = play(calibration, [(0, 5.0), (1, 300.0)], file=file, min_percent="10%")
    assert said[0] == (0, 0.0)
    assert said[1][1] > 25


def test_percent_becomes_watts(file):
    said = play(calibration, [(0, 50.0), (1, 37.5), (2, 120.0)], file=file, to="watts")
    assert said == [(0, 1150.0), (1, 680.0), (2, 2300.0)]


@pytest.mark.parametrize(
    "text",
    [
        "100,0;2300,0\n50,0;1150,5\n0,0;1,0\n",
        "100.0;2300.0\n50.0;1150.5\n0.0;1.0\n",
        "percent;watts\n100;2300\n50;1150,5\n\n# by hand\n0;1\n",
        "0\t1\r\n50\t1150.5\r\n100\t2300\r\n",
        "\ufeff100,2300\n50,1150.5\n0,1\n",
    ],
)
def test_files_with_points_commas_tabs_and_headings_are_the_same_curve(tmp_path, text):
    path = tmp_path / "c.csv"
    path.write_text(text, encoding="utf-8")
    assert read_curve(path).percent_at(1150.5) == 50.0
    assert read_curve(path).most == 2300.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no curve"),
        ("100;0\n50;0\n", "holds no curve"),
        ("100;2300\nfifty;1150\n", "line 2 is not 'percent;watts'"),
        ("100;2300\n50;-3\n", "line 2"),
        ("100;2300\n50;nan\n", "line 2"),
        ("100;2300\n150;3\n", "line 2"),
        ("1;2;3\n50;3;4\n", "line 2"),
    ],
)
def test_a_file_that_holds_no_curve_is_refused_with_its_place(tmp_path, text, said):
    path = tmp_path / "c.csv"
    path.write_text(text)
    with pytest.raises(CurveError, match=said):
        play(calibration, [(0, 1.0)], file=path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        play(calibration, [(0, 1.0)], file=tmp_path / "none.csv")


def test_a_row_that_falls_becomes_the_mean_of_those_in_each_others_way():
    assert rising([1, 3, 2, 4]) == [1, 2.5, 2.5, 4]
    assert rising([3, 2, 1]) == [2, 2, 2]


def test_a_curve_that_is_flat_at_the_top_gives_the_least_percent_below_it():
    curve = curve_of([(90, 2290), (95, 2300), (100, 2300)])
    assert curve.percent_at(2299.0) < 95
    assert curve.percent_at(2300.0) == 100


watts = st.floats(0, 5000)
measured = st.dictionaries(st.integers(1, 200).map(lambda n: n / 2), watts, min_size=2).filter(
    lambda points: max(points.values()) > 1
)


@given(measured, watts, watts)
def test_whatever_was_measured_more_watts_never_want_less_conduction(points, one, other):
    curve = curve_of(points.items())
    low, high = sorted((one, other))
    assert curve.percent_at(low) <= curve.percent_at(high)
    assert 0 <= curve.percent_at(low) <= max(points)


@given(measured, watts)
def test_there_and_back_is_the_same_power(points, wanted):
    curve = curve_of(points.items())
    back = curve.watts_at(curve.percent_at(wanted))
    assert back == pytest.approx(min(wanted, curve.most), abs=1e-6 * curve.most + 1e-9)


def test_a_file_that_is_not_beside_the_flow_is_told_by_check(tmp_path):
    (tmp_path / "curve.csv").write_text("0;0\n100;2400\n")
    flow = tmp_path / "flow.yaml"
    flow.write_text("streams: {m: [homewizard_p1: {host: x}, calibration: crve.csv, print]}\n")
    with pytest.raises(FlowError, match=r"no file 'crve.csv' is beside the flow; did you mean 'cu"):
        load(flow, env={})
    flow.write_text(flow.read_text().replace("crve", "curve"))
    load(flow, env={})
    flow.write_text(flow.read_text().replace("curve", "/elsewhere/curve"))
    load(flow, env={})
