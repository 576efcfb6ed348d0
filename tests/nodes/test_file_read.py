import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Log
from flowctl.signature.node import NodeKind, read_node
from nodes._helpers.rows import rows, seconds
from nodes.file_read import file_read

LOG = Log("file")
HOUSE = "t_s,load_w,pv_w\n0,734,0\n2,659.5,\n3,629,12\n"


def lay(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def reading(path: Path, text: str, **settings: Any) -> list[Any]:
    data = text.encode()
    lay(path, gzip.compress(data) if path.suffix == ".gz" else data)
    return [value async for value in file_read(path=path, log=LOG, **({"speed": 0} | settings))]


def test_it_is_a_source_named_by_its_path() -> None:
    spec = read_node(file_read)
    assert (spec.kind, spec.first_setting) == (NodeKind.SOURCE, "path")


@pytest.mark.parametrize("name", ["house.csv", "house.csv.gz"])
async def test_a_column_comes_as_numbers(tmp_path: Path, name: str) -> None:
    assert await reading(tmp_path / name, HOUSE, column="load_w", unit="W") == [734, 659.5, 629]


async def test_an_empty_cell_is_silence(tmp_path: Path) -> None:
    assert await reading(tmp_path / "a.csv", HOUSE, column="pv_w") == [0, 12]


async def test_without_a_column_rows_come_as_records(tmp_path: Path) -> None:
    got = await reading(tmp_path / "a.csv", HOUSE)
    assert got[0] == {"load_w": 734, "pv_w": 0}
    assert isinstance(got[0], Mapping)
    assert not hasattr(got[0], "update")


async def test_the_only_column_needs_no_name(tmp_path: Path) -> None:
    assert await reading(tmp_path / "a.csv", "time,w\n1,5\n2,on\n") == [5, "on"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("t;w\n1;5,5\n2;6\n", [5.5, 6]),
        ("t\tw\n1\t5.5\n2\t6\n", [5.5, 6]),
        ("\ufefft,w\r\n1,5.5\r\n2,6\r\n", [5.5, 6]),
        ('t,"w"\n1,"5.5"\n2,6', [5.5, 6]),
        ("date,w\n2026-01-01T00:00:00Z,5.5\n2026-01-01T00:00:01+00:00,6\n", [5.5, 6]),
        ('{"t": 1, "w": 5.5}\n{"t": 2, "w": 6}\n', [5.5, 6]),
        ('{"time": "2026-01-01T00:00:00", "w": 5.5}\n\n{"time": "2026-01-01", "w": 6}', [5.5, 6]),
    ],
)
async def test_the_usual_dialects_are_read(tmp_path: Path, text: str, values: list[float]) -> None:
    assert await reading(tmp_path / "a", text) == values


async def test_one_stream_of_a_recording_can_be_read(tmp_path: Path) -> None:
    told = [{"flowctl": 1, "flow": "home"}, {"t": 5.0, "stream": "meter", "value": 3}]
    told += [{"t": 5.5, "stream": "left", "value": {"power": 1}}]
    told += [{"t": 6.0, "stream": "meter", "value": -4.5}]
    text = "".join(json.dumps(row) + "\n" for row in told)
    assert await reading(tmp_path / "r.jsonl", text, stream="meter", unit="W") == [3, -4.5]
    assert await reading(tmp_path / "r.jsonl", text, stream="left") == [{"power": 1}]
    deep = await reading(tmp_path / "r.jsonl", text, stream="left", column="value.power")
    assert deep == [1]


@pytest.mark.parametrize("name", ["cut.jsonl", "cut.jsonl.gz"])
async def test_a_file_that_was_cut_off_reads_up_to_the_cut(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = "".join(json.dumps({"t": n, "w": n}) + "\n" for n in range(20_000))
    whole = gzip.compress(text.encode()) if name.endswith("gz") else text.encode()
    path = tmp_path / name
    lay(path, whole[: len(whole) * 2 // 3])
    got = [value async for value in file_read(path=path, speed=0, log=LOG)]
    assert got == list(range(len(got)))
    assert 10_000 < len(got) < 20_000
    assert not caplog.records


async def test_odd_rows_are_counted_and_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = "t,w\n0,1\nnever,2\n1,nan\n2\n3,4,5\n4,inf\n5,6\n6,off\n7,8\n"
    assert await reading(tmp_path / "a.csv", text, unit="W") == [1, 6, 8]
    assert "talks nonsense" in caplog.records[0].message
    lines = '{"t": 0, "w": 1}\n{"t": 1,\n[1]\n{"w": 2}\n{"t": 2, "w": NaN}\n{"t": 3, "w": 4}\n'
    assert await reading(tmp_path / "a.jsonl", lines) == [1, 4]


async def test_a_file_without_times_has_a_beat(tmp_path: Path) -> None:
    assert await reading(tmp_path / "a.csv", "w\n5\n6\n", every=1.0) == [5, 6]


async def test_rows_keep_the_pace_of_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("nodes.file_read.asyncio.sleep", sleep)
    await reading(tmp_path / "a.csv", "t,w\n100,1\n160,2\n220,3\n200,4\n", speed=60)
    assert waits == pytest.approx([0, 1, 2, 100 / 60], abs=0.2)


async def test_a_missing_file_is_an_edge_that_is_away(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere\.csv"):
        [value async for value in file_read(path=tmp_path / "nowhere.csv", log=LOG)]


async def test_an_empty_file_ends_at_once(tmp_path: Path) -> None:
    assert await reading(tmp_path / "a.csv", "") == []


@pytest.mark.parametrize(
    ("stamp", "second"),
    [(5, 5.0), ("5.5", 5.5), ("1970-01-01T00:01:00Z", 60.0), ("1970-01-01 01:00+01:00", 0.0)],
)
def test_times_are_numbers_or_dates(stamp: object, second: float) -> None:
    assert seconds(stamp) == second


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
async def test_a_table_is_read_as_spreadsheets_write_it(
    tmp_path: Path, name: str, code: str
) -> None:
    data = "time;Zähler\r\n1;5,5\r\n2;6\r\n".encode(code)
    lay(tmp_path / name, gzip.compress(data) if name.endswith(".gz") else data)
    got = [value async for value in file_read(path=tmp_path / name, log=LOG, column="Zähler")]
    assert got == [5.5, 6]


def test_what_is_no_text_is_told_once(tmp_path: Path) -> None:
    lay(tmp_path / "a.csv", "t;w\n1;2\n".encode("utf-16-le"))
    bad: list[object] = []
    assert list(rows(tmp_path / "a.csv", bad.append)) == []
    assert bad == ["it is no text; save it as CSV in UTF-8"]


@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.gz"]))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("junk") / name
    path.write_bytes(data)
    bad: list[object] = []
    for row in rows(path, bad.append):
        assert isinstance(row, dict)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=20))
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    path = tmp_path_factory.mktemp("table") / "x.csv"
    path.write_text("t,w\n" + "".join(f"{n},{w!r}\n" for n, w in enumerate(numbers)))
    assert [row["w"] for row in rows(path, print)] == numbers
