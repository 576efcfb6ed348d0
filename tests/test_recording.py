import gzip
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Battery, FlowError, Secret
from flowctl.recordings import recording as module
from flowctl.recordings.recording import Recorder, header, read

ROWS = [(10.0, "meter", 1.5), (10.0, "left", {"soc": 60.0}), (11.0, "mode", "auto")]
ENDINGS = pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])


@pytest.fixture
def file(tmp_path, ending):
    return tmp_path / f"house.{ending}"


@ENDINGS
def test_what_is_recorded_is_read(file):
    with Recorder(file, flow="home", zone="Europe/Berlin") as recorder:
        recorder.write(10.0, "meter", 1.5)
        recorder.write(10.0, "left", Battery(soc=60.0))
        recorder.write(11.0, "mode", "auto")
    assert list(read(file)) == ROWS
    told = header(file)
    assert (told["flowctl"], told["flow"], told["zone"]) == (1, "home", "Europe/Berlin")


@ENDINGS
def test_a_recording_goes_on_where_it_was_cut(file):
    with Recorder(file) as recorder:
        for second in range(50):
            recorder.write(second, "meter", float(second))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 9])
    before = list(read(file))
    with Recorder(file) as recorder:
        recorder.write(99.0, "meter", 9.0)
    assert before[:40] == [(float(second), "meter", float(second)) for second in range(40)]
    assert list(read(file)) == [*before, (99.0, "meter", 9.0)]


NAMED = [
    (1.0, "p1", 5),
    (1.0, "meter", 7.0),
    (2.0, "venus", {"power": 3.0}),
    (2.0, "venus/in", 9.0),
    (3.0, "price", 0.2),
    (4.0, "soc", 55.0),
]


@pytest.fixture
def named(tmp_path):
    """A recording in a house where things have other names."""
    with Recorder(tmp_path / "day.jsonl") as recorder:
        for row in NAMED:
            recorder.write(*row)
    return tmp_path / "day.jsonl"


def test_streams_of_a_recording_may_get_other_names(named):
    columns = {"meter": "-1000*p1", "left": "venus", "left.soc": "soc"}
    assert list(read(named, columns)) == [
        (1.0, "meter", -5000.0),
        (2.0, "left", {"power": 3.0}),
        (2.0, "left/in", 9.0),
        (3.0, "price", 0.2),
        (4.0, "left", {"soc": 55.0}),
    ]
    assert (1.0, "meter", 12.0) in read(named, {"meter": "p1 + meter"})


def test_a_stream_that_a_recording_does_not_hold_is_told(named):
    with pytest.raises(FlowError, match=r"day\.jsonl: no stream 'p2'; it holds meter, p1, price,"):
        list(read(named, {"meter": "p2"}))
    with pytest.raises(FlowError, match=r"'venus' tells records, .*: write left=venus"):
        list(read(named, {"left": "-venus"}))


def test_a_missing_line_end_is_added_before_going_on(tmp_path):
    file = tmp_path / "house.jsonl"
    file.write_text('{"t": 1, "stream": "meter", "value": 2}')
    Recorder(file).close()
    assert list(read(file)) == [(1.0, "meter", 2)]


def test_a_file_that_is_no_recording_is_left_alone(tmp_path):
    file = tmp_path / "diary.txt"
    file.write_text("dear diary\n")
    with pytest.raises(FlowError, match="it exists and is not a recording"):
        Recorder(file)
    assert file.read_text() == "dear diary\n"


WRITER = """
import sys, time
from flowctl.recordings.recording import Recorder
recorder = Recorder(sys.argv[1])
for second in range(1000):
    recorder.write(float(second), "meter", 1.0)
print("written", flush=True)
time.sleep(60)
"""


@ENDINGS
def test_a_killed_process_leaves_what_it_flushed(file):
    command = [sys.executable, "-c", WRITER, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
    assert len(list(read(file))) >= 1000 - module.FLUSH


@given(st.data())
def test_a_file_cut_anywhere_reads_up_to_the_cut(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("cut") / "house.jsonl.gz"
    with Recorder(file) as recorder:
        for second in range(0, 100, 3):
            recorder.write(float(second), "meter", second * 1.1)
    packed, rows = file.read_bytes(), list(read(file))
    file.write_bytes(packed[: data.draw(st.integers(0, len(packed)))])
    assert list(read(file)) == rows[: len(list(read(file)))]


def test_a_secret_and_a_number_without_end_are_not_recorded(tmp_path):
    file = tmp_path / "house.jsonl"
    with Recorder(file) as recorder:
        recorder.write(1.0, "key", Secret("hunter2"))
        recorder.write(1.0, "meter", float("nan"))
        recorder.write(2.0, "plan", {"left": float("inf")})
    assert list(read(file)) == [(1.0, "key", "***"), (2.0, "plan", {"left": None})]
    assert "hunter2" not in file.read_text()


@given(st.text(alphabet=st.characters()))
def test_any_text_can_be_recorded_and_read(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("text") / "house.jsonl"
    with Recorder(file) as recorder:
        recorder.write(1.0, "mode", text)
    assert list(read(file)) == [(1.0, "mode", text)]


@given(st.binary())
def test_no_bytes_lead_to_a_traceback(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz"):
        (folder / name).write_bytes(content)
        with suppress(FlowError):
            list(read(folder / name))
        with suppress(FlowError):
            list(read(folder / name, {"meter": "w"}))


def test_equal_times_keep_the_order_of_the_file_and_others_are_put_in_order(tmp_path):
    file = tmp_path / "house.jsonl"
    given = [(2, "b"), (1, "x"), (2, "a"), (1, "y")]
    lines = [json.dumps({"t": t, "stream": name, "value": 0}) for t, name in given]
    file.write_text("\n".join(lines))
    assert [row[:2] for row in read(file)] == [(1, "x"), (1, "y"), (2, "b"), (2, "a")]


@pytest.mark.parametrize("times", [(0, 1.79e9, 1.79e9 + 1), (1.79e9, 1.79e9 + 1, 1e12)])
@pytest.mark.parametrize("window", [1, 9])
def test_rows_of_another_time_are_refused(tmp_path, monkeypatch, times, window):
    """A clock that was not set yet: nobody waits until all those years are played."""
    monkeypatch.setattr(module, "WINDOW", window)
    file = tmp_path / "house.jsonl"
    lines = [json.dumps({"t": t, "stream": "a", "value": 0}) for t in times]
    file.write_text("\n".join(lines))
    with pytest.raises(FlowError, match=r"time goes on by \d+ days from one line to the next"):
        list(read(file))


def test_a_long_file_whose_time_runs_back_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 2)
    file = tmp_path / "house.jsonl"
    lines = [json.dumps({"t": t, "stream": "a", "value": 0}) for t in (500, 501, 490, 100)]
    file.write_text("\n".join(lines))
    with pytest.raises(FlowError, match="time goes back by 401s"):
        list(read(file))


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense",
        b'{"t": 1}',
        b'{"t": "now", "stream": "a", "value": 1}',
        b'{"t": 1, "stream": 7, "value": 1}',
        b'{"t": 1, "stream": "a", "value": NaN}',
        b'{"t": 1e999, "stream": "a", "value": 1}',
        b'{"t": 1' + b"0" * 400 + b', "stream": "a", "value": 1}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[1, 2, 3]",
    ],
)
def test_a_broken_line_has_a_place_and_a_broken_last_line_is_a_cut(tmp_path, garbage):
    file = tmp_path / "house.jsonl"
    row = b'{"t": 1, "stream": "a", "value": 1}\n'
    file.write_bytes(b'{"flowctl": 1}\n\n' + row + garbage)
    assert list(read(file)) == [(1.0, "a", 1)]
    file.write_bytes(row + garbage + b"\n" + row)
    with pytest.raises(FlowError, match=r"house\.jsonl:2:1: no value: "):
        list(read(file))


def test_a_missing_file_is_the_users_mistake(tmp_path):
    with pytest.raises(FlowError, match="cannot be read: No such file"):
        list(read(tmp_path / "none.jsonl"))
    with pytest.raises(FlowError, match="cannot be written"):
        Recorder("/proc/none/house.jsonl")
    assert header(tmp_path / "none.jsonl") == {}


def test_a_recording_needs_no_header(tmp_path):
    file = tmp_path / "house.jsonl.gz"
    file.write_bytes(gzip.compress(b'{"t": 1, "stream": "a", "value": 1}\n'))
    assert header(file) == {}
    assert list(read(file)) == [(1.0, "a", 1)]


def test_a_file_that_is_named_gz_and_is_not_is_refused(tmp_path):
    file = tmp_path / "house.jsonl.gz"
    file.write_bytes(b'{"t": 1, "stream": "a", "value": 1}\n')
    with pytest.raises(FlowError, match="cannot be read: Not a gzipped file"):
        list(read(file))


def test_floats_are_read_fast(tmp_path):
    file = tmp_path / "house.jsonl.gz"
    lines = (f'{{"t": {n}.25, "stream": "meter", "value": {n}.5}}\n' for n in range(50_000))
    file.write_bytes(gzip.compress("".join(lines).encode(), 1))
    begun = time.process_time()
    count = sum(1 for _ in read(file))
    assert count / (time.process_time() - begun) > 75_000  # a figure of 450,000 leaves room
