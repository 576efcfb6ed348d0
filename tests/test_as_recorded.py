"""A recording holds how its run began and what it wrote: played again, it is what it was."""

import json

import pytest

from flowctl.engine.knowledge import knowledge
from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.language.law import law
from flowctl.recordings.opening import UNKNOWN, opening
from flowctl.recordings.recording import LAW, Recorder, header
from flowctl.store import Store
from flowctl.telling.explain import explain
from flowctl.virtual.replay import replay
from tests.house import build
from tests.typed import typed

START = 1_767_200_400.0
FLOW = """
flow: day
vars: {least: 50W}
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  plan: [{from: meter}, {filter: value > least}, {scale: 0.5}]
  left: [{from: plan}, {marstek_modbus: {host: 127.0.0.2, write_every: 2s}}]
"""
ROWS = [
    (0, "left", {"power": 0.0, "soc": 60.0}),
    *((t, "meter", 1000.0 + 100 * t) for t in range(1, 8)),
    (1.4, "left/in", 550.0),
    (3.4, "left/in", 650.0),
    (5.4, "left/in", 750.0),
]


@pytest.fixture
def tried(tmp_path):
    """A flow as it is now, and a recording of a run of it, with more or other facts in its head."""

    def make(*rows, flow=FLOW, then=FLOW, **more):
        (tmp_path / "day.yaml").write_text(flow)
        head = {"flowctl": 1, "flow": "day", "version": "0", "zone": "UTC"}
        head |= {"began": START - 5, "law": law(load(then)), **more}
        lines = [{"t": START + t, "stream": name, "value": value} for t, name, value in rows]
        lines.sort(key=lambda line: line["t"])
        path = tmp_path / "day.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in (head, *lines)))
        return load(tmp_path / "day.yaml"), path

    return make


def said(graph, path, stream="left/in"):
    told = [line for line in replay(graph, path) if line["stream"] == stream]
    return [(round(line["t"] - START, 3), line["value"]) for line in told]


def test_a_battery_is_written_when_it_was_written_then(tried):
    assert said(*tried(*ROWS)) == [(1.4, 550), (3.4, 650), (5.4, 750)]
    assert said(*tried(*ROWS, began=None))[:2] == [(1, 550), (3, 600)]


def test_another_flow_writes_what_it_wants_by_a_beat_of_its_own(tried):
    other = FLOW.replace("scale: 0.5", "scale: 0.2")
    assert said(*tried(*ROWS, flow=other))[:3] == [(1, 220), (3, 260), (5, 300)]


def test_a_flow_that_was_changed_while_it_ran_is_followed_from_then_on(tried):
    other = FLOW.replace("scale: 0.5", "scale: 0.2")
    rows = [row for row in ROWS if row[0] != 5.4]
    rows += [(3.5, LAW, law(load(FLOW))), (4.7, "left/in", 700.0), (6.7, "left/in", 800.0)]
    assert said(*tried(*rows, then=other)) == [(1, 550), (3, 600), (4.7, 700), (6.7, 800)]


def test_what_was_written_then_holds_off_no_release(tried):
    rows = [row for row in ROWS if row[0] < 3]
    assert said(*tried(*rows, (20, "left", {"power": 0.0}))) == [(1.4, 550), (12, None)]


def test_a_battery_that_was_given_back_then_is_given_back(tried):
    graph, path = tried(*ROWS, (6, "left/in", None))
    assert said(graph, path)[-1] == (6.05, None)
    found = explain(graph, path, "left", START + 6.5)
    assert found.setpoint is None
    assert found.reason.startswith("it was given back then, by the recording")


TICKS = FLOW + "  count: [{tick: 4s}]\n"


def test_a_run_begins_when_it_began(tried):
    assert said(*tried(*ROWS, flow=TICKS), "count") == [(-5, 0), (-1, 1), (3, 2), (7, 3)]
    assert said(*tried(*ROWS, flow=TICKS, began=None), "count") == [(0, 0), (4, 1)]


def test_a_clock_that_was_set_after_the_start_says_not_when_it_began(tried):
    assert said(*tried(*ROWS, flow=TICKS, began=0.5), "count")[0] == (0, 0)


COUNTS = FLOW + "  so_far: [{from: meter}, {map: {to: value > 0}}, count]\n"


def test_a_run_begins_with_what_it_knew(tried):
    graph, path = tried(*ROWS, flow=COUNTS, kept={"so_far/count": {"count": 41.0}})
    first = said(graph, path, "so_far")[0][1]
    assert first - said(*tried(*ROWS, flow=COUNTS), "so_far")[0][1] == 41


def test_each_run_of_a_recording_begins_with_what_that_one_knew(tried):
    graph, path = tried(*ROWS, flow=COUNTS, kept={"so_far/count": {"count": 41.0}})
    head = json.loads(path.read_text().splitlines()[0])
    head |= {"began": START + 15, "kept": {"so_far/count": {"count": 7.0}}}
    row = {"t": START + 16, "stream": "meter", "value": 5.0}
    path.write_text(path.read_text() + json.dumps(head) + "\n" + json.dumps(row) + "\n")
    counted = said(graph, path, "so_far")
    assert counted[-1] == (16, 8)
    assert said(graph, path, "left/in")[-2:] == [(5.4, 750), (7, None)]


def test_explain_names_what_was_given(tried):
    graph, path = tried(*ROWS)
    found = explain(graph, path, "left", START + 3.2)
    assert (found.setpoint, found.written_at, found.apart) == (550, START + 1.4, "")
    assert found.reason == "it waits for its next write, one each 2s"
    told = typed("explain", path.with_name("day.yaml"), path, "--at", "+4.5s").stdout
    assert told.startswith("At 17:00:04.500 left is told to give 650W.\nIt has been so since")


def test_before_the_first_write_nothing_was_told(tried):
    found = explain(*tried(*ROWS), "left", START + 1.2)
    assert (found.setpoint, found.written_at, found.since) == (None, None, None)
    assert found.reason.startswith("nothing was written to it by then")


def test_what_was_given_stands_where_the_flow_makes_something_else_of_it_now(tried):
    rows = [row if row[0] != 3.4 else (3.4, "left/in", -200.0) for row in ROWS]
    graph, path = tried(*rows)
    found = explain(graph, path, "left", START + 4.5)
    assert (found.setpoint, found.played, found.step) == (-200, 650, "left/in")
    told = typed("explain", path.with_name("day.yaml"), path, "--at", "+4.5s").stdout
    assert "left is told to take 200W.\n" in told
    assert "So the recording has it. Played again, left is told to give 650W: what" in told


def test_of_a_flow_that_changed_it_is_said_what_was_given_and_what_it_would_be(tried):
    other = FLOW.replace("scale: 0.5", "scale: 0.2")
    found = explain(*tried(*ROWS, flow=other), "left", START + 4.5)
    assert (found.setpoint, found.played) == (650, 260)
    assert found.apart.startswith("So the recording has it, of another flow. By this one, left is")


def test_a_run_that_only_watched_gave_nothing(tried):
    graph, path = tried(*(row for row in ROWS if row[1] != "left/in"), watched=True)
    assert said(graph, path)[0] == (1, 550)
    told = typed("explain", path.with_name("day.yaml"), path, "--at", "+4.5s").stdout
    assert "left would be told to give 600W.\n" in told
    assert "\nNothing was written: that run only watched.\n" in told


def accepts(*rows):
    return [row for row in rows if row[1] != "left/in"]


def test_without_what_was_written_it_counts_what_the_battery_took(tried):
    took = [(1.5, "left", {"setpoint": 550.0}), (3.5, "left", {"setpoint": 100.0})]
    graph, path = tried(*accepts(*ROWS), *took, began=None)
    found = explain(graph, path, "left", START + 4.5)
    assert (found.setpoint, found.played, found.how) == (100, 600, "holds")
    assert found.since == START + 3.5
    told = typed("explain", path.with_name("day.yaml"), path, "--at", "+4.5s")
    assert "left holds 100W.\n" in told.stdout
    assert "does not hold when its run began" in told.stderr


def test_what_a_battery_is_to_take_in_a_moment_is_what_it_was_given(tried):
    took = [(0.5, "left", {"setpoint": 0.0}), (3.5, "left", {"setpoint": 600.0})]
    found = explain(*tried(*accepts(*ROWS), *took, began=None), "left", START + 3.2)
    assert (found.setpoint, found.apart) == (600, "")


def held(*, own, **more):
    """A minute in which `left` takes what it is told, until it holds what nobody here told it."""
    yield 0, "left", {"power": 0.0, "soc": 60.0, "self_regulating": False}
    for t in range(1, 40):
        yield t, "meter", 1000.0
        if t < 20:
            yield t + 0.3, "left/in", 500.0
            yield t + 0.5, "left", {"setpoint": 500.0}
        else:
            yield t + 0.6, "left", {"setpoint": own, "power": own, **more}


YIELDS = FLOW.replace("write_every", "on_override: yield, write_every")


@pytest.mark.parametrize("more", [{}, {"self_regulating": True}])
def test_a_battery_that_somebody_else_set_is_left_in_a_replay_too(tried, caplog, more):
    """A run tells of one that is left that it is its own."""
    graph, path = tried(
        *held(own=-900.0, **more), (20.59, "left/in", None), flow=YIELDS, then=YIELDS
    )
    found = explain(graph, path, "left", START + 30)
    assert found.setpoint is None
    assert found.reason == "it is left to somebody else, who had set it"
    assert "where it was told 500W: set by somebody else; left alone" in caplog.text


def test_what_a_flow_is_not_known_to_have_told_warns_nobody(tried, caplog):
    explain(*tried(*accepts(*held(own=240.0)), began=None), "left", START + 30)
    assert caplog.text == ""


def test_what_is_no_power_was_not_written(tried):
    graph, path = tried(*ROWS, (6, "left/in", "much"))
    with pytest.raises(
        FlowError, match=r"recorded value of left/in at [\d.]+: 'much' is not a power"
    ):
        said(graph, path)


def test_a_flow_is_the_same_wherever_its_devices_are():
    same = FLOW.replace("127.0.0.2", "10.1.2.3").replace("homewizard_p1", "shelly")
    assert law(load(same)) == law(load(FLOW))
    assert law(load(COUNTS)) == law(load(FLOW))
    usual = FLOW.replace("write_every", "lease: 10s, write_every")  # said, or not
    assert law(load(usual)) == law(load(FLOW))
    assert law(load(FLOW + "  told: [{from: plan}, print]\n")) == law(load(FLOW))
    for old, new in (("0.5", "0.6"), ("2s", "3s"), ("from: plan", "from: meter"), ("50W", "60W")):
        assert law(load(FLOW.replace(old, new))) != law(load(FLOW))


def test_a_header_is_read_as_it_was_written_and_nonsense_is_not_known(tmp_path):
    run = opening({"flowctl": 1, "began": 5.5, "law": "ab", "kept": {"a/b": {"c": [1, None]}}})
    with Recorder(tmp_path / "day.jsonl", run=run):
        pass
    assert opening(header(tmp_path / "day.jsonl")) == run
    for odd in ({"began": "now"}, {"began": True}, {"began": float("nan")}, {"kept": [1]}):
        assert opening(odd) == UNKNOWN


KEEPERS = {
    "keeps": '''
from typing import Annotated, Any
from flowctl import Observable, Store

def keeps(values: Observable[float], *, what: Annotated[float, "any"] = 0.0,
          store: Store) -> Observable[float]:
    """Keeps things."""
    return values
''',
    "logs_in": '''
from typing import Annotated
from flowctl import Observable, Secret, Store

def logs_in(values: Observable[float], *, token: Annotated[Secret, "any"],
            store: Store) -> Observable[float]:
    """Is given a secret."""
    return values
''',
    "asks": '''
from collections.abc import AsyncIterator
from flowctl import Store

async def asks(*, store: Store) -> AsyncIterator[float]:
    """Keeps a token."""
    yield 0.0
''',
    "holds": '''
from collections.abc import AsyncIterator
from flowctl import Battery, Latest, Release, Store, Terms, Watts

async def holds(setpoint: Latest[Watts | Release], *, store: Store,
                terms: Terms = Terms()) -> AsyncIterator[Battery]:
    """Keeps a password."""
    yield Battery()
''',
}
KEEP = """
flow: kept
streams:
  meter: [asks]
  plan: [{from: meter}, keeps, {logs_in: {token: hush}}]
  left: [{from: plan}, holds]
"""
HUSH = "s3cr3t-T0ken"


def test_no_secret_comes_into_a_recording(tmp_path):
    flow = build(tmp_path, KEEP)
    for name, text in KEEPERS.items():
        (flow.parent / "nodes" / f"{name}.py").write_text(text)
    sound = {"left": {"gain": 0.6}, "day": "2026-01-31", "seen": ["left", True, None, 3]}
    odd = {"token": HUSH, "deep": {"a": [{"b": HUSH}]}, "named": {HUSH: 1.0}, HUSH: 2.0}
    keys = {"left since": 5.5, "token": HUSH}
    stores = {
        "kept:meter/asks": {"token": HUSH, "pin": 1234},
        "kept:plan/keeps": sound | odd,
        "kept:plan/logs_in": {"pin": 1234},
        "kept:left/holds": {"password": HUSH, "pin": 1234},
        "kept:left/holds:stay": keys,
    }
    known = knowledge(load(flow), lambda place: Store(dict(stores[place])))
    assert known == {"plan/keeps": sound, "left/holds:stay": {"left since": 5.5}}
