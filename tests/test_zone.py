"""The zone of the machine, as recordings name it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from flowctl import zone
from flowctl.live.run import run
from flowctl.live.session import Options
from flowctl.recordings.moments import zone_of
from tests.house import build
from tests.plants import plant


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("CET-1CEST", ""),  # a rule, not a name
        ("../../etc/passwd", ""),
    ],
)
def test_the_environment_goes_first(monkeypatch, told, name):
    monkeypatch.setenv("TZ", told)
    assert zone.own_zone() == name


@pytest.mark.parametrize(
    ("link", "written", "name"),
    [
        ("/usr/share/zoneinfo/Europe/Paris", None, "Europe/Paris"),
        (None, "Europe/Paris\n", "Europe/Paris"),
        (None, "Mars\n", ""),
        (None, None, ""),
    ],
)
def test_then_what_the_system_has(monkeypatch, tmp_path, link, written, name):
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setattr(zone, "LOCALTIME", tmp_path / "localtime")
    monkeypatch.setattr(zone, "TIMEZONE", tmp_path / "timezone")
    if link:
        (tmp_path / "localtime").symlink_to(link)
    if written:
        (tmp_path / "timezone").write_text(written)
    assert zone.own_zone() == name


@pytest.mark.parametrize("told", ["", "UTC", "Europe/Berlin", ":Europe/Berlin", "CET-1CEST"])
def test_a_zone_that_the_system_takes_is_not_strange(monkeypatch, told):
    monkeypatch.setenv("TZ", told)
    assert zone.strange_zone() == ""


async def test_a_zone_that_is_none_is_told_at_the_start(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("TZ", "Nowhere/Bad")
    await run([build(tmp_path, FLOW)], Options(seconds=0.0, watch=False))
    assert [text for text in caplog.messages if "TZ" in text] == [
        "TZ=Nowhere/Bad is no time zone here, times of day go by UTC; "
        "write a name such as Europe/Berlin, and install `tzdata` if it is not known"
    ]


FLOW = """
flow: short
streams:
  meter: [src]
  out:
    - from: meter
    - print
"""


DAY = """
flow: day
streams:
  meter: [src]
  night: [{schedule: {between: "22:00-06:00"}}]
  out:
    - from: night
    - print
"""


@pytest.mark.parametrize(
    ("home", "night"), [("Asia/Tokyo", True), ("Europe/Berlin", False), ("", False)]
)
def test_a_replay_has_the_calendar_of_the_house(tmp_path, home, night):
    """At 14:00 UTC it is 23:00 in Tokyo, wherever the recording is replayed."""
    record = tmp_path / "day.jsonl"
    head = json.dumps({"flowctl": 1, "flow": "day", "zone": home})
    record.write_text(head + '\n{"t": 1793023200.0, "stream": "meter", "value": 1.0}\n')
    command = [sys.executable, "-m", "flowctl", "replay", str(build(tmp_path, DAY)), str(record)]
    env = {**os.environ, "TZ": "UTC"}
    told = subprocess.run(command, capture_output=True, check=True, text=True, env=env).stdout
    said = [json.loads(line) for line in told.splitlines()]
    assert [one["value"] for one in said if one["stream"] == "night"] == [night]


def test_dates_of_a_table_are_by_the_clock_of_this_machine(tmp_path):
    table = tmp_path / "day.csv"
    table.write_text("time,grid\n2026-06-01 22:30:00,5\n2026-06-01 22:30:01,5\n")
    flow = str(build(tmp_path, DAY))
    env = {**os.environ, "TZ": "Europe/Amsterdam"}
    command = [
        sys.executable,
        "-m",
        "flowctl",
        "replay",
        flow,
        str(table),
        "--column",
        "meter=grid",
    ]
    told = subprocess.run(command, capture_output=True, check=True, text=True, env=env).stdout
    said = [json.loads(line) for line in told.splitlines()]
    assert said[0]["t"] == datetime(2026, 6, 1, 20, 30, tzinfo=UTC).timestamp()
    assert [one["value"] for one in said if one["stream"] == "night"] == [True]


def test_a_recording_without_a_zone_is_told_by_the_clock_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    record = tmp_path / "day.jsonl"
    record.write_text('{"t": 1793023200.0, "stream": "meter", "value": 1.0}\n')
    assert str(zone_of(record)) == "Europe/Amsterdam"
    record.write_text('{"flowctl": 1, "zone": "Mars/One"}\n')
    assert str(zone_of(record)) == "Europe/Amsterdam"
    record.write_text('{"flowctl": 1, "zone": "Asia/Tokyo"}\n')
    assert str(zone_of(record)) == "Asia/Tokyo"


NIGHT = """
flow: night
streams:
  meter: [src]
  night: [{schedule: {between: "22:00-06:00", inside: 300W, outside: 0W, every: 1s}}]
  left:
    - from: night
    - bat
"""


@pytest.mark.parametrize("home", ["UTC", "Europe/Amsterdam"])
@pytest.mark.parametrize("dated", [(), ("--at", "2026-03-28T21:00")])
def test_schedules_and_prices_of_a_backtest_go_by_the_same_clock(tmp_path, home, dated):
    """From 22 on the battery gives 300 of 500 W, and what is left costs."""
    (tmp_path / "tariff.yaml").write_text("import: {'22:00-06:00': 1, else: 0}\nexport: 0\n")
    (tmp_path / "house.csv").write_text("t,load\n0,500\n86400,500\n")
    command = [
        sys.executable, "-m", "flowctl", "backtest", str(build(tmp_path, NIGHT)), "--no-bounds",
        "--plant", str(plant(tmp_path)), "--house", str(tmp_path / "house.csv"), "--begin", "21h",
        "--for", "70m", "--tariff", str(tmp_path / "tariff.yaml"), "--json", *dated,
    ]  # fmt: skip
    env = {**os.environ, "TZ": home}
    told = json.loads(subprocess.run(command, capture_output=True, check=True, env=env).stdout)
    assert told["flows"][0]["figures"]["cost"] == pytest.approx(0.2 / 6, abs=1e-3)


async def test_a_recording_names_the_zone_of_the_house(monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "Europe/Amsterdam")
    record = tmp_path / "day.jsonl"
    await run([build(tmp_path, FLOW)], Options(watch=False, seconds=0.05, record=record))
    assert json.loads(record.read_text().splitlines()[0])["zone"] == "Europe/Amsterdam"
