import logging
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.live import statefile
from flowctl.live.storage import FILE, REST, Storage


def kept(folder, step="home:left/predictor"):
    """What a step finds after a restart."""
    with Storage(folder) as storage:
        return dict(storage.store(step))


def aside(folder):
    return sorted(path.name for path in folder.iterdir() if "corrupt" in path.name)


def test_what_is_put_survives_a_restart(tmp_path):
    with Storage(tmp_path) as storage:
        left, right = storage.store("home:left"), storage.store("home:right")
        left["ceiling"] = 2200.5
        left["modes"] = {"auto": [1, None, "ü", True]}
        right["ceiling"] = 800
    assert kept(tmp_path, "home:left") == {
        "ceiling": 2200.5,
        "modes": {"auto": [1, None, "ü", True]},
    }
    assert kept(tmp_path, "home:right") == {"ceiling": 800}
    assert kept(tmp_path, "home:third") == {}


def test_the_newest_wins_and_what_is_deleted_is_gone(tmp_path):
    with Storage(tmp_path) as storage:
        store = storage.store("step")
        for number in range(1000):
            store["count"] = number
        store["gone"] = 1
    with Storage(tmp_path) as storage:
        store = storage.store("step")
        del store["gone"]
        store["nothing"] = None
    assert kept(tmp_path, "step") == {"count": 999}


def test_a_step_built_anew_finds_what_it_kept(tmp_path):
    with Storage(tmp_path) as storage:
        storage.store("step")["count"] = 3
        assert storage.store("step")["count"] == 3


def test_what_did_not_change_is_not_written(tmp_path):
    with Storage(tmp_path) as storage:
        storage.store("step")["count"] = 3
    before = (tmp_path / FILE).stat().st_mtime_ns
    with Storage(tmp_path) as storage:
        storage.store("step")["count"] = 3
        assert not storage._waiting
    assert (tmp_path / FILE).stat().st_mtime_ns == before


def test_many_changes_are_one_transaction(tmp_path):
    with Storage(tmp_path, linger=0.01) as storage:
        store = storage.store("step")
        for number in range(100):
            store[f"name {number}"] = number
    watched = sqlite3.connect(tmp_path / FILE)
    assert watched.execute("SELECT count(*) FROM state").fetchone() == (100,)
    watched.close()


def test_a_counter_wears_the_card_no_more_than_once_a_minute(tmp_path, monkeypatch):
    writes = []
    monkeypatch.setattr(
        statefile.StateFile, "write", lambda self, batch, _: writes.append(dict(batch))
    )
    linger, began = 0.005, time.monotonic()
    with Storage(tmp_path, linger=linger) as storage:
        store = storage.store("meter/integrate")
        for number in range(100):
            store["energy"] = number
            if number == 50:
                store["before"] = "own timers"  # what has rested is written at once
            time.sleep(0.002)
    alone = [batch for batch in writes if ("meter/integrate", "before") not in batch]
    assert len(alone) == len(writes) - 1
    assert 2 <= len(alone) <= 2 + (time.monotonic() - began) / (REST * linger)
    assert writes[-1] == {("meter/integrate", "energy"): "99"}


def test_what_json_cannot_hold_stays_in_memory_and_is_told_once(tmp_path, caplog):
    circle = []
    circle.append(circle)
    odd = {"nan": float("nan"), "set": {1}, "circle": circle, "\ud800": 1, 7: 1}
    with Storage(tmp_path) as storage:
        store = storage.store("step")
        store["fine"] = 1
        for _ in range(3):
            store.update(odd)
        assert store["set"] == {1}
        assert storage.store("step")["set"] == {1}
    told = [record.message for record in caplog.records if "memory only" in record.message]
    assert len(told) == len(odd)
    assert kept(tmp_path, "step") == {"fine": 1}


def test_a_first_start_is_told_and_begins_empty(tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        assert kept(tmp_path / "new" / "folder") == {}
    assert "there is none yet; every step begins empty" in caplog.text


def written(folder):
    with Storage(folder) as storage:
        for step in range(50):
            storage.store(f"step {step}")["text"] = "x" * 500
    return folder / FILE


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def scribbled(path):
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * len(content[4096:])
    path.write_bytes(content)


def garbage(path):
    path.write_bytes(b"this is not a data base at all, " * 300)


def quoted(path):
    """What SQLite says of it quotes bytes that are no text."""
    content = path.read_bytes()
    path.write_bytes(content.replace(b"CREATE TABLE state", b"CREATE \xe5ABLE state"))


def strange(path):
    path.unlink()
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE state (entirely, other)")
    base.close()


@pytest.mark.parametrize("damage", [cut, scribbled, garbage, quoted, strange])
def test_a_broken_file_is_set_aside_and_begun_anew(tmp_path, caplog, damage):
    damage(written(tmp_path))
    size = (tmp_path / FILE).stat().st_size
    with Storage(tmp_path) as storage:
        assert dict(storage.store("step 3")) == {}
        storage.store("step 3")["text"] = "new"
    assert "is broken" in caplog.text
    assert aside(tmp_path)[:1] == [f"{FILE}.corrupt-1"]
    assert (tmp_path / f"{FILE}.corrupt-1").stat().st_size == size
    assert kept(tmp_path, "step 3") == {"text": "new"}


def test_each_broken_file_is_kept(tmp_path):
    for _ in range(3):
        garbage(written(tmp_path))
        kept(tmp_path)
    assert aside(tmp_path) == [f"{FILE}.corrupt-{n}" for n in (1, 2, 3)]


def test_one_unreadable_value_costs_no_other(tmp_path, caplog):
    written(tmp_path)
    base = sqlite3.connect(tmp_path / FILE)
    base.execute("UPDATE state SET value = '{half' WHERE step = 'step 1'")
    base.execute("UPDATE state SET value = 7 WHERE step = 'step 2'")
    base.execute("UPDATE state SET value = NULL WHERE step = 'step 3'")
    base.commit()
    base.close()
    assert kept(tmp_path, "step 1") == {}
    assert kept(tmp_path, "step 4") == {"text": "x" * 500}
    assert "what step 1 kept as text is unreadable" in caplog.text
    assert aside(tmp_path) == []


@pytest.mark.parametrize("block", ["folder", "file"])
def test_where_nothing_can_be_written_the_house_runs_on(tmp_path, caplog, block):
    folder = tmp_path / "state"
    if block == "folder":
        folder.write_text("a file in place of the folder")
    else:
        (folder / FILE).mkdir(parents=True)
    with Storage(folder) as storage:
        storage.store("step")["count"] = 1
        assert storage.store("step")["count"] == 1
    assert "nothing will outlive this run" in caplog.text


@pytest.mark.parametrize("harm", ["table", "file", "folder"])
def test_a_file_that_breaks_while_in_use_is_written_anew_in_full(tmp_path, caplog, harm):
    folder = tmp_path / "state"
    with Storage(folder) as storage:
        storage.store("step")["early"] = 1
    with Storage(folder) as storage:
        _harm(folder, harm)
        storage.store("step")["late"] = 2
    assert kept(folder, "step") == {"early": 1, "late": 2}
    assert "is broken" in caplog.text


def _harm(folder, harm):
    if harm == "table":
        base = sqlite3.connect(folder / FILE)
        base.execute("DROP TABLE state")
        base.close()
        return
    for path in folder.iterdir():
        path.unlink()
    if harm == "folder":
        folder.rmdir()


def test_a_busy_file_is_told_once_and_written_later(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(statefile, "PATIENCE", 0.001)
    storage = Storage(tmp_path, linger=0.001)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with caplog.at_level(logging.INFO):
        for number in range(3):
            storage.store("step")["count"] = number
            writer = storage._writer
            if writer:
                writer.join()
        assert caplog.text.count("cannot be written") == 1
        other.execute("ROLLBACK")
        other.close()
        storage.store("step")["more"] = 1
        storage.close()
    assert "is written again" in caplog.text
    assert kept(tmp_path, "step") == {"count": 2, "more": 1}


def test_what_could_not_be_saved_at_the_end_is_told(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(statefile, "PATIENCE", 0.001)
    storage = Storage(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    storage.store("step")["count"] = 1
    storage.close()
    other.close()
    assert "1 changes could not be saved" in caplog.text


def test_closed_it_leaves_no_thread_and_keeps_in_memory_only(tmp_path):
    storage = Storage(tmp_path)
    store = storage.store("step")
    store["count"] = 1
    storage.close()
    storage.close()
    assert not any(thread.name == "flowctl-state" for thread in threading.enumerate())
    store["count"] = 2
    assert store["count"] == 2
    assert kept(tmp_path, "step") == {"count": 1}


def child(code, folder):
    """Run a program of its own on a state folder."""
    head = "import sys, pathlib\nfrom flowctl.live.storage import Storage\n"
    head += "storage = Storage(pathlib.Path(sys.argv[1]), linger=0.001)\n"
    command = [sys.executable, "-c", head + code, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


BUSY = """
import itertools
one, two = storage.store("one"), storage.store("two")
for number in itertools.count():
    one["count"] = number
    two["twice"] = 2 * number
    two[f"name {number % 500}"] = "x" * (number % 1000)
    print(number, flush=True)
"""


@pytest.mark.parametrize("words", [1, 300, 3000])
def test_killed_in_the_middle_of_writing_the_file_stays_sound(tmp_path, caplog, words):
    process = child(BUSY, tmp_path)
    with process.stdout:
        for _ in range(words):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in process.stdout.read().split("\n")[:-1]]
    assert process.wait() == -signal.SIGKILL
    one, two = kept(tmp_path, "one"), kept(tmp_path, "two")
    assert aside(tmp_path) == []
    assert "unreadable" not in caplog.text
    count, twice = one.get("count", -1), two.get("twice", -2)
    assert count <= (said[-1] if said else words) + 1
    assert count - 1 <= twice / 2 <= count + 1, "what was put together is saved nearly together"
    assert words < 1000 or count > 0
    assert all(len(text) % 500 == int(name[5:]) % 500 for name, text in two.items() if " " in name)


def test_a_program_that_forgets_to_close_still_saves_and_ends(tmp_path):
    process = child("storage.store('step')['count'] = 5", tmp_path)
    with process.stdout:
        assert process.wait(timeout=30) == 0
    assert kept(tmp_path, "step") == {"count": 5}


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.dictionaries(names, json, max_size=4), min_size=1, max_size=3))
def test_whatever_is_put_in_however_many_runs_is_found_again(runs):
    known = {}
    with tempfile.TemporaryDirectory() as folder:
        for put in runs:
            with Storage(Path(folder)) as storage:
                store = storage.store("step")
                assert dict(store) == known
                store.update(put)
                known |= put
                known = {name: value for name, value in known.items() if value is not None}
