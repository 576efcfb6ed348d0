"""Prices that a market made, by date: what they come to, and flows that hear them."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowctl import FlowError
from flowctl.backtest.candidates import Candidate
from flowctl.backtest.given import Given
from flowctl.backtest.options import asked
from flowctl.backtest.tariff import read_tariff
from flowctl.backtest.trial import try_out
from flowctl.recordings.recording import Recorder
from tests.plants import QUICK, ZERO, flow, plant
from tests.test_backtest import run

NOON = datetime(2026, 6, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
HOUR = 3600.0
KILOWATT = [1000.0] * 7200  # a second each


def prices(folder: Path, text: str = "") -> Path:
    """Prices of four hours from 11 on, the earning half of what is paid."""
    file = folder / "spot.csv"
    rows = (f"2026-06-01T{9 + k:02}:00:00Z,{paid},{paid / 2}" for k, paid in enumerate(PAID))
    file.write_text(text or "\n".join(("time,price,feed", *rows)))
    return file


PAID = (0.1, 0.2, 0.4, -0.1)


def test_what_is_drawn_costs_what_the_hour_costs(tmp_path):
    file = prices(tmp_path)
    made = read_tariff(f"import={file}#price,export={file}#feed")
    made.check(NOON, 2 * HOUR)
    assert made.cost(KILOWATT, 1.0, NOON) == pytest.approx(0.2 + 0.4)
    assert made.cost([-watts for watts in KILOWATT], 1.0, NOON) == pytest.approx(-0.1 - 0.2)
    later = NOON.replace(hour=13, minute=30)
    assert made.cost(KILOWATT[:3600], 1.0, later) == pytest.approx(0.2 - 0.05)


def test_a_file_of_a_tariff_takes_prices_beside_it_with_taxes_on_top(tmp_path):
    prices(tmp_path)
    file = tmp_path / "tariff.yaml"
    file.write_text(
        "currency: EUR\nimport: {prices: 'spot.csv#1.21*price', plus: 0.13}\n"
        "export: {prices: spot.csv#feed}\n"
    )
    made = read_tariff(str(file))
    assert made.cost(KILOWATT, 1.0, NOON) == pytest.approx(1.21 * 0.6 + 2 * 0.13)
    file.write_text("import: spot.csv#price\nexport: 0\n")
    assert read_tariff(str(file)).cost(KILOWATT, 1.0, NOON) == pytest.approx(0.6)


def test_prices_may_be_a_stream_of_a_recording(tmp_path):
    file = tmp_path / "day.jsonl.gz"
    with Recorder(file, zone="Europe/Berlin") as recorder:
        for hour, paid in enumerate(PAID):
            recorder.write(NOON.timestamp() + (hour - 1) * HOUR, "price", paid)
            recorder.write(NOON.timestamp() + (hour - 1) * HOUR, "meter", 5.0)
    made = read_tariff(f"import={file}#price,export=0")
    assert made.cost(KILOWATT, 1.0, NOON) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has prices from 2026-06-01 11:00 to 2026-06-01 15:00, not from 2026-06-01 12:00 to "),
        ("t_s,price\n0,0.1\n3600,0.2\n", "tells no dates; the times of prices are dates"),
        ("time,price\n2026-06-01T12:00:00Z,cheap\n", "holds no price"),
        (
            "time,price\n2026-06-01T10:00:00Z,80\n2026-06-01T12:00:00Z,1 ct\n",
            "'1 ct' is no number for sure; write 2859.3, or 2.859,3",
        ),
        ("time,prize\n2026-06-01T12:00:00Z,1\n", "no column 'price'; did you mean 'prize'?"),
        ("price\n", "holds no price"),
    ],
)
def test_prices_that_do_not_serve_are_told_with_the_cure(tmp_path, text, said):
    file = prices(tmp_path, text)
    with pytest.raises(FlowError) as error:
        read_tariff(f"import={file}#price,export=0").check(NOON, 4 * HOUR)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import: {prices: spot.csv, plus: 0.1}\nexport: 0\n", "1:18: spot.csv: says not which of"),
        ("import: {prices: gone.csv#a}\nexport: 0\n", "1:18: gone.csv#a: cannot be read: No such"),
        ("import: {prices: spot.csv#feed, add: 1}\nexport: 0\n", "1:38: add: prices have no 'add'"),
        ("import: {prices: spot.csv#feed, plus: x}\nexport: 0\n", "'x' is no price per kWh"),
    ],
)
def test_a_tariff_with_wrong_prices_is_told_at_its_place(tmp_path, text, said):
    prices(tmp_path)
    file = tmp_path / "tariff.yaml"
    file.write_text(text)
    with pytest.raises(FlowError) as error:
        read_tariff(str(file))
    assert said in str(error.value)


PRICED = ZERO.replace("  left:", "  price: [src]\n  left:").replace(
    "    - bat", "    - map: {others: {p: price}, to: 1000 * p + 0 * value, unit: W}\n    - bat"
)


def heard(folder: Path, file: Path, *columns: str, at: str = "2026-06-01T12:59:00+02:00") -> list:
    """What a battery is told by a flow that hears a price, a minute before and after 13:00."""
    given = Given(
        plant=plant(folder), at=at, lasts="2m", pictured=True, says={"price": f"{file}#price"}
    )
    path = flow(folder, PRICED)
    series = try_out(Candidate("it", path), asked(given, path, {}).setting).series
    assert series is not None
    return [series.batteries[0].setpoint[second] for second in (30, 90)]


def test_a_source_says_each_price_when_it_holds(tmp_path):
    assert heard(tmp_path, prices(tmp_path)) == [200, 400]
    file = prices(tmp_path, "t_s,price\n0,0.5\n60,0.7\n")
    assert heard(tmp_path, file) == [500, 700]


def test_prices_and_what_they_cost_go_together_from_the_command_line(tmp_path):
    file = prices(tmp_path)
    words = (
        flow(tmp_path, PRICED), "--plant", plant(tmp_path, QUICK), "--no-bounds", "--for", "1h",
        "--say", f"price={file}#price", "--tariff", f"import={file}#price,export=0.1",
    )  # fmt: skip
    code, _, said = run(*words)
    assert (code, "say --at for another date" in said) == (2, True)
    code, out, said = run(*words, "--at", "2026-06-01T11:30+00:00")
    assert (code, "cost" in out, said) == (0, True, "")
    code, _, said = run(*words, "--at", "2026-06-01T11:30+00:00", "--say", f"price={file}#pric")
    assert (code, "no column 'pric'; did you mean 'price'?" in said) == (2, True)
