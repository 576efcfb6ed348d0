import gzip
from datetime import UTC, datetime

import pytest

from flowctl import FlowError
from flowctl.recordings.columns import look_up
from flowctl.recordings.recording import read
from flowctl.recordings.tables import is_table


@pytest.fixture
def table(tmp_path):
    def write(text, name="house.csv"):
        file = tmp_path / name
        packed = name.endswith(".gz")
        file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        return file

    return write


def test_a_trace_is_read_by_naming_its_columns(table):
    file = table("t_s,grid_w,load_w,pv_w\n0,-1427,492,1919\n30,-1440,484,1924\n", "house.csv.gz")
    assert list(read(file, {"meter": "grid_w", "pv": "pv_w"}, start=100.0)) == [
        (100.0, "meter", -1427.0),
        (100.0, "pv", 1919.0),
        (130.0, "meter", -1440.0),
        (130.0, "pv", 1924.0),
    ]


def test_a_minus_turns_a_column_that_counts_the_other_way(table):
    file = table("t,export\n0,5\n1,on\n")
    assert list(read(file, {"meter": "-export"})) == [(0.0, "meter", -5.0), (1.0, "meter", "on")]


def test_a_factor_makes_watts_of_kilowatts_and_a_minus_goes_before_it(table):
    file = table("t,grid,2*x\n0,0.5,7\n")
    columns = {"meter": "1000*grid", "car": "-1000*grid", "pv": "2*x"}
    assert [row[2] for row in read(file, columns)] == [500.0, -500.0, 7.0]
    export = table("entity_id,state,last_changed\nsensor.p1,0.25,100\n")
    columns = {"meter": "1000*sensor.p1", "pv": "sensor.p1"}
    assert list(read(export, columns)) == [(100.0, "meter", 250.0), (100.0, "pv", 0.25)]


def test_a_field_of_a_battery_may_have_a_column_of_its_own(table):
    file = table("t,w,charge\n0,300,55\n")
    rows = list(read(file, {"left": "-w", "left.soc": "charge"}))
    assert rows == [(0.0, "left", -300.0), (0.0, "left", {"soc": 55.0})]
    with pytest.raises(FlowError, match=r"a battery tells no 'sok'; did you mean 'soc'\?"):
        list(read(file, {"left.sok": "charge"}))


def test_a_column_for_a_stream_that_nobody_knows_is_a_fault():
    look_up({"left.soc": "a", "meter": "b"}, {"left", "meter"})
    with pytest.raises(FlowError, match=r"--column lef: .* is called 'lef'; did you mean 'left'\?"):
        look_up({"lef": "a"}, {"left", "meter"})


def test_silent_cells_are_passed_over(table):
    file = table("t,w\n0,\n1,unavailable\n2,nan\n3,inf\n4,7\n")
    assert list(read(file, {"meter": "w"})) == [(4.0, "meter", 7.0)]


@pytest.mark.parametrize(
    ("cell", "zone", "date"),
    [
        ("2026-03-01T12:00:00Z", "UTC", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("2026-03-01 12:00:00", "Europe/Berlin", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("1772366400", "UTC", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("1772366400000", "UTC", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_are_seconds_milliseconds_or_dates(table, cell, zone, date):
    file = table(f"time;w\n{cell};1,5\n")
    assert list(read(file, {"meter": "w"}, zone=zone)) == [(date.timestamp(), "meter", 1.5)]


def test_thousands_may_be_set_apart_where_it_is_clear(table):
    cells = {"2.859,3": 2859.3, "1.234.567": 1234567.0, "2,859": 2.859, "a,b": "a,b", "2.2": 2.2}
    file = table("t;w\n" + "".join(f"{k},5;{cell}\n" for k, cell in enumerate(cells)))
    assert list(read(file, {"meter": "w"})) == [
        (k + 0.5, "meter", value) for k, value in enumerate(cells.values())
    ]
    cells = {"2,859.3": 2859.3, "2,859": "2,859", "0,250": 0.25, "2 859": 2859.0, "2.2.0": "2.2.0"}
    file = table("t,w\n" + "".join(f'{k},"{cell}"\n' for k, cell in enumerate(cells)))
    assert [value for _, _, value in read(file, {"meter": "w"})] == list(cells.values())
    with pytest.raises(FlowError, match="a part of meter: '2,859' is no number for sure; write"):
        list(read(file, {"meter": "w - t"}))


def test_cells_may_stand_between_tabs(table):
    assert list(read(table("t\tw\n3\t1.5\n"), {"meter": "w"})) == [(3.0, "meter", 1.5)]


@pytest.mark.parametrize("name", ["house.csv", "house.csv.gz"])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_table_is_read_as_spreadsheets_write_it(tmp_path, name, code):
    mark = "\ufeff" if code == "utf-16-be" else ""
    rows = "".join(f"{k};{k},5\r\n" for k in range(20_000))  # more than is unpacked at once
    data = f"{mark}time;Zähler\r\n{rows}".encode(code)
    file = tmp_path / name
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    found = list(read(file, {"meter": "Zähler"}))
    assert found == [(float(k), "meter", k + 0.5) for k in range(20_000)]


def test_a_recording_may_begin_with_a_mark(tmp_path):
    file = tmp_path / "a.jsonl"
    for code in ("utf-8-sig", "utf-16"):
        file.write_bytes('{"t": 1, "stream": "Zähler", "value": 2}\n'.encode(code))
        assert list(read(file)) == [(1.0, "Zähler", 2)]


def test_what_is_no_text_is_told_so(tmp_path):
    file = tmp_path / "house.csv"
    file.write_bytes("t;w\r\n1;2\r\n".encode("utf-16-le"))
    with pytest.raises(FlowError, match=r"house\.csv: is no text; save it as CSV in UTF-8"):
        list(read(file, {"meter": "w"}))


def test_spreadsheets_may_be_told_what_separates(table):
    assert list(read(table("sep=;\r\nt;w\r\n3;1,5\r\n"), {"meter": "w"})) == [(3.0, "meter", 1.5)]


def test_the_hour_that_comes_twice_in_autumn_comes_twice(table):
    clocks = ("01:59:50", "02:00:00", "02:59:50", "02:00:00", "02:59:50", "03:00:00")
    rows = "".join(f"2026-10-25T{clock},{k}\n" for k, clock in enumerate(clocks))
    found = list(read(table(f"time,w\n{rows}"), {"meter": "w"}, zone="Europe/Berlin"))
    assert [value for _, _, value in found] == [0, 1, 2, 3, 4, 5]
    assert [t - found[0][0] for t, _, _ in found] == [0, 10, 3600, 3610, 7200, 7210]
    rows = "2026-03-29T01:59:50,1\n2026-03-29T03:00:00,2\n"
    found = list(read(table(f"time,w\n{rows}"), {"meter": "w"}, zone="Europe/Berlin"))
    assert found[1][0] - found[0][0] == 10


def test_of_a_value_an_hour_both_of_an_hour_that_comes_twice_count(table):
    clocks = ("01:00", "02:00", "02:00", "03:00", "04:00")
    rows = "".join(f"2026-10-25T{clock},{k}\n" for k, clock in enumerate(clocks))
    found = list(read(table(f"time,w\n{rows}"), {"meter": "w"}, zone="Europe/Berlin"))
    assert [(t - found[0][0]) / 3600 for t, _, _ in found] == [0, 1, 2, 3, 4]
    rows = "".join(f"2026-10-25T02:00:0{k // 2},{k}\n" for k in range(6))
    found = list(read(table(f"time,w\n{rows}"), {"meter": "w"}, zone="Europe/Berlin"))
    assert [t - found[0][0] for t, _, _ in found] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("clocks", [("02:30", "02:45", "02:00"), ("01:00", "02:00", "02:00")])
def test_where_no_hour_comes_twice_the_cure_is_the_zone(table, clocks):
    text = "time,w\n" + "".join(f"2026-10-25T{clock},1\n" for clock in (*clocks, "03:00"))
    with pytest.raises(FlowError) as caught:
        list(read(table(text), {"meter": "w"}, zone="UTC"))
    said = "comes twice, as an hour does in autumn, but not in UTC: set TZ to the zone it was"
    assert f"house.csv:4:1: no row of this table: '2026-10-25T02:00' {said}" in str(caught.value)


def test_a_table_may_count_backwards(table):
    clocks = ("03:00", "02:30", "02:00", "02:00", "01:30")
    text = "time,w\n" + "".join(f"2026-10-25T{clock},{k}\n" for k, clock in enumerate(clocks))
    found = list(read(table(text), {"meter": "w"}, zone="UTC"))
    assert [value for _, _, value in found] == [4, 2, 3, 1, 0]


def test_columns_are_added_up_to_one_stream(table):
    file = table("t,imp,exp,a - b\n0,0.3,0,1\n1,,0.2,2\n2,0,nan,3\n")
    columns = {"meter": "1000*imp - 1000*exp", "odd": "a - b"}
    assert [row for row in read(file, columns) if row[1] == "odd"][-1] == (2.0, "odd", 3.0)
    found = [(t, watts) for t, stream, watts in read(file, columns) if stream == "meter"]
    assert found == [(0.0, 300.0), (1.0, 100.0), (2.0, -200.0)]
    with pytest.raises(FlowError, match="no column 'epx'; did you mean 'exp'"):
        list(read(file, {"meter": "imp - epx"}))


def test_entities_are_added_up_in_the_order_of_time(table):
    rows = ["sensor.imp,300,10", "sensor.imp,0,20", "sensor.exp,0,5", "sensor.exp,150,20.5"]
    file = table("\n".join(["entity_id,state,last_changed", *rows]))
    found = list(read(file, {"meter": "sensor.imp - sensor.exp"}))
    assert found == [(10.0, "meter", 300.0), (20.0, "meter", 0.0), (20.5, "meter", -150.0)]


EXPORT = """entity_id,state,last_changed
sensor.p1,100.5,2026-03-01T12:00:00.500Z
sensor.p1,unavailable,2026-03-01T12:00:02.000Z
sensor.other,"two
lines",2026-03-01T12:00:02.000Z
switch.boost,on,2026-03-01T12:00:00.000Z
"""


def test_an_export_of_home_assistant_is_read_by_naming_entities(table):
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    rows = list(read(table(EXPORT), {"meter": "-sensor.p1", "boost": "switch.boost"}))
    assert rows == [(noon, "boost", "on"), (noon + 0.5, "meter", -100.5)]


@pytest.mark.parametrize(
    ("text", "columns", "said"),
    [
        ("t,grid_w\n0,1\n", {"meter": "grd_w"}, "no column 'grd_w'; did you mean 'grid_w'?"),
        (
            "t,grid_w\n0,1\n",
            {},
            "no stream is named; say which of t, grid_w it is, e.g. meter=grid_w",
        ),
        (
            EXPORT,
            {"meter": "sensor.p2"},
            "nothing is known of sensor.p2; did you mean 'sensor.p1'?",
        ),
        (
            EXPORT,
            {"meter": "grid"},
            "nothing is known of grid; it tells of sensor.other, sensor.p1, switch.boost",
        ),
        (
            EXPORT,
            {},
            "say which of sensor.other, sensor.p1, switch.boost it is, e.g. meter=sensor.other",
        ),
        ("entity_id,state,last_changed\n", {}, "no stream is named; no entity is in it"),
        ("", {}, "is empty; a table begins with the names of its columns"),
        ("\n\n", {"meter": "w"}, "is empty; a table begins with the names of its columns"),
        (
            "t,w\n0,1\nsoon,2\n3,4\n",
            {"meter": "w"},
            r"house.csv:3:1: no row of this table: 'soon' is no time: write seconds, or 2026-",
        ),
        ("t,w\n0,1\n1\n3,4\n", {"meter": "w"}, r"house.csv:3:1: no row of this table"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_cure(table, text, columns, said):
    with pytest.raises(FlowError) as caught:
        list(read(table(text), columns))
    assert said in str(caught.value)


def test_a_table_cut_off_reads_up_to_the_cut(table):
    assert list(read(table("t,w\n0,1\n1,2\n2"), {"meter": "w"})) == [
        (0.0, "meter", 1.0),
        (1.0, "meter", 2.0),
    ]


def test_a_zone_that_is_none_is_refused(table):
    with pytest.raises(FlowError, match="no time zone 'Mars/Olympus'"):
        list(read(table("t,w\n0,1\n"), {"meter": "w"}, zone="Mars/Olympus"))


def test_a_table_is_told_by_its_name(tmp_path):
    assert is_table(tmp_path / "a.csv")
    assert is_table(tmp_path / "a.csv.gz")
    assert not is_table(tmp_path / "a.jsonl.gz")
