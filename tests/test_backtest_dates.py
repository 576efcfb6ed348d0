"""Traces that tell dates: a house and its roof on one clock."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flowctl import FlowError
from flowctl.backtest.given import Given
from flowctl.backtest.options import asked
from tests.plants import flow, plant
from tests.test_backtest import run


def traces(folder: Path, house: str, roof: str) -> dict[str, Any]:
    """A house of 500 W, and a roof whose power is the second of its trace; each from a date on."""
    for name, first in (("house", house), ("roof", roof)):
        begin = datetime.fromisoformat(first)
        rows = (f"{begin + timedelta(seconds=60 * k)},{60 * k}" for k in range(120))
        (folder / f"{name}.csv").write_text("\n".join(("time,power", *rows)))
    return {"house": str(folder / "house.csv"), "pv": str(folder / "roof.csv")}


def sun(folder: Path, house: str, roof: str, begin: str = "0s") -> float:
    """What the roof makes in the first minute, W."""
    given = Given(plant=plant(folder), begin=begin, **traces(folder, house, roof))
    twins = asked(given, flow(folder), {}).setting.world.open()
    return (twins.sun_energy(60.0) - twins.sun_energy(0.0)) / 60


@pytest.mark.parametrize(
    ("house", "roof", "begin", "watts"),
    [
        ("2026-06-01T12:00", "2026-06-01T12:00", "10m", 600),
        ("2026-06-01T12:30", "2026-06-01T12:00", "0s", 1800),
        ("2026-06-01T12:30", "2026-06-01T12:00", "10m", 2400),
        ("2026-06-01T12:30", "2025-05-01T12:00", "0s", 1800),  # of another year: by the clock
        ("2026-06-01T12:00", "2026-06-01T12:10", "15m", 300),
    ],
)
def test_a_roof_shines_by_its_own_dates(tmp_path, house, roof, begin, watts):
    assert sun(tmp_path, house, roof, begin) == watts


def test_a_trace_begins_with_its_first_value(tmp_path, monkeypatch):
    """A table of several columns has rows in which one of them says nothing yet."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    rows = [f"2026-06-01T12:{k:02}:00,{k if k > 9 else ''},{k if k > 4 else ''}" for k in range(60)]
    file = tmp_path / "both.csv"
    file.write_text("\n".join(("time,load_w,pv_w", *rows)))
    given = Given(plant=plant(tmp_path), house=str(file), pv=str(file), begin="0s")
    world = asked(given, flow(tmp_path), {}).setting.world
    assert f"{world.at:%H:%M}" == "12:10"
    twins = world.open()
    assert twins.sun_energy(60.0) - twins.sun_energy(0.0) == 60 * 10


def test_a_roof_that_is_not_known_yet_is_told_with_the_cure(tmp_path):
    said = "begins at 2026-06-01 12:10, the house's at 12:00; say --begin 600s or more"
    with pytest.raises(FlowError, match=said):
        sun(tmp_path, "2026-06-01T12:00", "2026-06-01T12:10", "5m")


def test_from_where_on_the_trace_of_the_roof_is_taken_is_told(tmp_path):
    given = traces(tmp_path, "2026-06-01T12:30", "2026-06-01T12:00")
    words = ("--plant", plant(tmp_path), "--for", "1m", "--no-bounds", "--house", given["house"])
    said = "the trace of the roof is taken from 30 min on"
    assert said in run(flow(tmp_path), *words, "--pv", given["pv"])[2]
    assert said not in run(flow(tmp_path), *words)[2]
