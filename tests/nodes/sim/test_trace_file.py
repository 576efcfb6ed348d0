"""Recorded powers as people have them: other units, holes, nonsense, dates."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodes.sim.trace_file import TraceError, read_trace

DAY = "2026-10-25T"


def trace(folder: Path, text: str) -> list[float]:
    """The first four seconds of a trace."""
    file = folder / "trace.csv"
    file.write_text(text)
    made = read_trace(file)
    return [made.power(time) for time in (0, 1, 2, 3)]


def told(folder: Path, text: str) -> str:
    with pytest.raises(TraceError) as error:
        trace(folder, text)
    return str(error.value)


@pytest.mark.parametrize("name", ["load_kw", "Load (kW)", "load [kW]", "LOAD_KW"])
def test_a_column_in_kilowatts_is_read_as_such(tmp_path: Path, name: str) -> None:
    assert trace(tmp_path, f"t_s,{name}\n0,0.5\n2,1.5\n4,0\n") == [500, 500, 1500, 1500]


@pytest.mark.parametrize("name", ["house_power", "phase_a", "W", "load_w", "power (house)"])
def test_any_other_name_is_in_watts(tmp_path: Path, name: str) -> None:
    assert trace(tmp_path, f"t_s,{name}\n0,500\n2,1500\n4,0\n") == [500, 500, 1500, 1500]


@pytest.mark.parametrize(
    ("column", "watts"),
    [("1000*load", 500), ("-1000*load", -500), ("-grid_kw", -700), ("2*grid_kw", 1.4), ("2*x", 3)],
)
def test_a_column_may_be_multiplied(tmp_path: Path, column: str, watts: float) -> None:
    file = tmp_path / "trace.csv"
    file.write_text("t_s,load,grid_kw,2*x\n0,0.5,0.7,3\n4,0,0,0\n")
    assert read_trace(file, column).power(0) == watts


def test_times_may_stand_in_the_first_column_by_any_name(tmp_path: Path) -> None:
    assert trace(tmp_path, "Zeit;Leistung\n0;100,5\n2;200\n4;0\n") == [100.5, 100.5, 200, 200]
    assert trace(tmp_path, "Time (UTC),load_w,pv_w\n0,100,5\n2,200,6\n") == [100, 100, 200, 200]
    assert trace(tmp_path, "sep=;\r\nt;w\r\n0;100\r\n2;200\r\n") == [100, 100, 200, 200]


def test_thousands_may_be_set_apart(tmp_path: Path) -> None:
    german = "Zeit;Leistung\n0;2.859,5\n1;680,0\n2;-1.234.567,0\n3;2 859\n"
    assert trace(tmp_path, german) == [2859.5, 680, 680, 2859]
    assert trace(tmp_path, 't,p\n0,"2,859.5"\n1,2\'859\n2,"0,250"\n3,"12,5"\n') == [
        2859.5, 2859, 0.25, 12.5
    ]  # fmt: skip


EXPORT = """entity_id,state,last_changed
sensor.sun,5,2026-01-01T00:00:00.000Z
sensor.load_kw,0.3,2026-01-01T00:00:10.000Z
sensor.load_kw,unavailable,2026-01-01T00:00:11.000Z
sensor.load_kw,0.4,2026-01-01T00:00:12.000Z
sensor.sun,7,2026-01-01T00:00:01.000Z
"""


def test_an_entity_of_home_assistants_history_is_a_trace(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(EXPORT)
    for column, watts in (("sensor.load_kw", 300), ("-10*sensor.load_kw", -3)):
        made = read_trace(file, column)
        assert [made.power(second) for second in (0, 1, 2)] == [watts, watts, watts * 4 / 3]
        assert made.first == 1767225610
    for column, said in (("sensor.lod", "no entity sensor.lod"), ("", "says not which is meant")):
        with pytest.raises(TraceError, match=f"{said}; it has sensor.load_kw, sensor.sun"):
            read_trace(file, column)


def test_an_energy_is_no_trace(tmp_path: Path) -> None:
    said = told(tmp_path, "t_s,import_kwh\n0,500\n2,1500\n")
    assert "the column 'import_kwh' is in kwh, and a trace is a power" in said


def test_what_is_no_number_says_nothing(tmp_path: Path) -> None:
    text = "t_s,load_w\n0,500\n1,NaN\n2,inf\n3,\n4,1e9\n"
    assert trace(tmp_path, text + "5,0\n") == [500] * 4


def test_of_two_values_at_a_time_the_later_one_counts(tmp_path: Path) -> None:
    assert trace(tmp_path, "t_s,load_w\n0,500\n0,600\n2,100\n2,200\n9,0\n") == [600, 600, 200, 200]


def test_milliseconds_since_the_epoch_are_known_as_such(tmp_path: Path) -> None:
    rows = "\n".join(f"{1767225600000 + 1000 * k},{100 * k}" for k in range(5))
    assert trace(tmp_path, f"time,power\n{rows}\n") == [0, 100, 200, 300]


def test_dates_go_by_the_clock_of_this_machine_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    text = f"time,p\n{DAY}02:59:59,1\n{DAY}02:00:00,2\n{DAY}02:00:02,3\n{DAY}03:00:00,4\n"
    assert trace(tmp_path, text) == [1, 2, 2, 3]
    assert trace(tmp_path, "time,p\n2026-03-29T01:59:59,1\n2026-03-29T03:00:01,2\n") == [1, 1, 2, 2]
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"time,p\n{DAY}04:59:59,1\n{DAY}02:00:00,2\n", f"time runs back at {DAY}02:00:00"),
        ("time,p\n01.06.2026 00:00:00,1\n", "'01.06.2026 00:00:00' is no time: write seconds, or"),
        ("time,p\n0,on\n1,off\n", "holds no trace: 'on' in p is no power of a house; a trace is"),
        (
            'time,p\n0,1\n1,N/A\n2,2\n3,"1,300"\n4,1\n',
            "'1,300' in p at 3 s is no number for sure; write 2859.3, or 2.859,3",
        ),
        ("time,p\n0,1\n1,1300 W\n2,1\n", "'1300 W' in p at 1 s is no number for sure"),
        ("time,p\n0,\n1,\n", "holds no trace"),
        ("time,p\n0,1,300\n1,1,200\n", "holds no trace: 3 cells under 2 names: '0,1,300"),
        ("t\0i\0m\0e\0", "holds no trace: it is no text; save it as CSV in UTF-8"),
        ("", "holds no trace"),
    ],
)
def test_what_cannot_be_used_is_told_as_it_stands(tmp_path: Path, text: str, said: str) -> None:
    assert said in told(tmp_path, text)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def live_in(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield live_in
    monkeypatch.undo()
    time.tzset()


def test_of_a_value_an_hour_both_of_an_hour_that_comes_twice_count(
    tmp_path: Path, zone: Callable[[str], None]
) -> None:
    clocks = ("01:00", "02:00", "02:00", "03:00", "04:00")
    (tmp_path / "x.csv").write_text(
        "time,p\n" + "".join(f"{DAY}{clock},{k}\n" for k, clock in enumerate(clocks))
    )
    zone("Europe/Berlin")
    made = read_trace(tmp_path / "x.csv")
    assert [made.power(3600.0 * hour) for hour in range(5)] == [0, 1, 2, 3, 4]
    double = f"time,p\n{DAY}02:00:00,1\n{DAY}02:00:00,2\n{DAY}02:00:01,3\n{DAY}02:00:01,4\n"
    assert trace(tmp_path, double) == [2, 4, 2, 4]


@pytest.mark.parametrize(
    "clocks", [("02:30", "02:45", "02:00", "03:00"), ("01:00", *2 * ["02:00"])]
)
def test_where_no_hour_comes_twice_the_cure_is_the_zone(
    tmp_path: Path, zone: Callable[[str], None], clocks: list[str]
) -> None:
    zone("UTC")
    text = "time,p\n" + "".join(f"{DAY}{clock},1\n" for clock in clocks)
    said = "comes twice, as an hour does in autumn, but not in UTC: set TZ to the zone it was"
    assert f"'{DAY}02:00' {said}" in told(tmp_path, text)
