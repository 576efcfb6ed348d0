"""Telemetry that stands still while its battery goes on obeying: the meter shows which is true."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery
from nodes._helpers.law.knowing.still import Reading, Still, Timing, weighed
from tests.nodes.small_house import Cell, SmallHouse

DISBELIEVED = "not believed"


@dataclass
class Cached(Cell):
    """One whose gateway answers from a cache, as long as there is something in that."""

    kept: float | None = None

    def freeze(self) -> None:
        self.kept = self.power


class CachingHouse(SmallHouse):
    def telemetry(self, cell: Cell) -> Battery:
        record = super().telemetry(cell)
        kept = cell.kept if isinstance(cell, Cached) else None
        return record if kept is None else replace(record, power=kept)


def steps(*levels: float, each: float = 60.0, noise: float = 5.0, seed: int = 1):
    chance = Random(seed)
    return lambda now: levels[min(len(levels) - 1, int(now / each))] + chance.gauss(0.0, noise)


def house(cells: dict[str, Cell], load: Callable[[float], float]) -> CachingHouse:
    """A house that has lived for a minute, whose caches answer from then on."""
    home = CachingHouse(cells, load)
    home.run(59)
    for cell in cells.values():
        if isinstance(cell, Cached):
            cell.freeze()
    return home


def notes(home: SmallHouse, name: str = "left") -> list[str]:
    return [outlook.batteries[name].note for outlook in home.outlooks]


def is_disbelieved(home: SmallHouse, name: str = "left") -> bool:
    return DISBELIEVED in notes(home, name)[-1]


@pytest.mark.parametrize("levels", [(400, 1500), (0, 800), (1500, 300), (-200, -1500), (600, -900)])
@pytest.mark.parametrize("other", [None, Cell, Cached])
def test_the_house_is_served_by_one_that_obeys_whatever_its_telemetry_says(levels, other):
    cells = {"left": Cached(), **({"right": other(dead=2.4, lag=1.2)} if other else {})}
    home = house(cells, steps(*levels)).run(600)
    assert home.mean(500) < 30  # hundreds of watts, if it is taken at its word


def test_it_is_said_and_over_as_soon_as_its_power_changes():
    cells = {"left": Cached()}
    home = house(cells, steps(400, 1500)).run(60)
    assert is_disbelieved(home)
    assert home.outlooks[-1].batteries["left"].power is None
    cells["left"].kept = None
    home.run(3)
    assert notes(home)[-1] == ""
    assert home.outlooks[-1].batteries["left"].power == pytest.approx(1500, abs=50)


def test_as_long_as_its_setpoint_stands_there_is_nothing_to_doubt():
    home = house({"left": Cached()}, steps(400, 400)).run(600)
    assert set(notes(home)[200:]) == {""}


def test_one_that_falls_silent_meanwhile_is_gone():
    cells = {"left": Cached()}
    home = house(cells, steps(400, 1500)).run(60)
    cells["left"].silent = True
    home.run(30)
    assert notes(home)[-1] == "tells nothing any more"


def test_frozen_over_a_restart_it_is_found_out_again():
    cells = {"left": Cached()}
    home = house(cells, steps(400, 1500)).run(60)
    home.stop()
    again = CachingHouse(cells, steps(1500, 1500), home.store)
    cells["left"].sent.clear()
    again.run(200)
    assert is_disbelieved(again)
    assert again.mean(100) < 20


def stuck(cell: Cell) -> None:
    cell.dead = 1e6
    cell.sent.clear()


def cut_off(cell: Cell) -> None:
    cell.most = 0.0


def limited(cell: Cell) -> None:
    cell.most = 300.0


@pytest.mark.parametrize("fails", [stuck, cut_off, limited])
@pytest.mark.parametrize("two", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_one_that_really_stands_is_noticed_as_before(fails, two, seed, monkeypatch):
    chance = Random(seed)
    levels = [400, *(chance.uniform(300, 2200) for _ in range(9))]

    def lived() -> list[str]:
        cells = {"left": Cell(), **({"right": Cell(dead=2.4, lag=1.2)} if two else {})}
        home = SmallHouse(cells, steps(*levels, seed=seed)).run(50)
        fails(cells["left"])
        return notes(home.run(550))

    heard = lived()
    monkeypatch.setattr("nodes._helpers.law.seeing.house.compared", lambda beliefs, *_: beliefs)
    assert any("at most" in note for note in heard)
    assert heard == lived()


def test_one_that_stops_while_it_is_not_believed_is_believed_again():
    cells = {"left": Cached(), "right": Cell(dead=2.4, lag=1.2)}
    home = house(cells, steps(400, 1500, 300, 1800, 500, 1500, 200, 2000, 400)).run(110)
    assert is_disbelieved(home)
    stuck(cells["left"])
    home.run(400)
    assert not is_disbelieved(home)
    assert home.mean(30) < 60


def test_telemetry_that_is_rounded_to_50_w_is_believed():
    class Rounded(SmallHouse):
        def telemetry(self, cell: Cell) -> Battery:
            return replace(super().telemetry(cell), power=50.0 * round(cell.power / 50))

    home = Rounded({"left": Cell()}, steps(*range(200, 1400, 90), noise=10.0)).run(800)
    assert not any(DISBELIEVED in note for note in notes(home))


def asked(*falls: float, still: Still | None = None) -> Still:
    """Told 1000 W more at 0 s, behind 2 s and 0.5 s: the meter falls by this, second by second."""
    still = still or Still(400.0, -10.0).told(0.0, 1000.0)
    meter, at = 1000.0, -1.0
    for fall in falls:
        before, meter = meter, meter - fall
        still = weighed(
            still,
            Timing(2.0, 0.5, 1.0),
            Reading(at, before, before),
            Reading(at + 1, meter, meter),
        )
        at += 1
    return still


def test_it_obeys_if_the_meter_falls_when_its_answer_is_due():
    assert asked(0, 0, 0, 800, 150, 40, 10).is_wrong
    assert asked(0, 0, 0, 0, 800, 150, 50).is_wrong  # a second later, which is within its timing
    assert asked(0, 5, -150, 800, 150, 50, 0).is_wrong  # more load meanwhile


def test_it_stands_if_the_meter_does_or_falls_at_another_time():
    assert asked(0, 0, 0, 0, 0, 0).is_right
    assert not asked(1000, 0, 0, 0, 0, 0, 0).is_wrong
    assert not asked(0, 0, 0, 0, 0, 0, 0, 0, 1000).is_wrong


def test_once_by_chance_is_little_against_what_was_seen_before():
    stood = asked(0, 0, 0, 0, 0, 0, 0, 0)
    told = stood._replace(moved=0.0, sent=()).told(0.0, 1000.0)
    assert not asked(0, 0, 0, 1000, 0, 0, 0, still=told).is_wrong


@settings(max_examples=16, deadline=None)
@given(
    timings=st.tuples(st.floats(0.4, 5.0), st.floats(0.3, 2.0), st.floats(0.4, 3.0)),
    levels=st.lists(
        st.sampled_from([-900.0, 200.0, 700.0, 1500.0, 2200.0]), min_size=3, max_size=5
    ),
    stands=st.sampled_from(["one's word", "both words", "one"]),
    seed=st.integers(0, 1000),
)
def test_any_house_with_one_that_tells_the_same_comes_to_rest(timings, levels, stands, seed):
    dead, lag, other = timings
    right = Cached if stands == "both words" else Cell
    cells = {"left": Cached(dead=dead, lag=lag), "right": right(dead=other)}
    home = house(cells, steps(400.0, *levels, 900.0, each=60.0, seed=seed))
    if stands == "one":
        stuck(cells["left"])
    home.run(60.0 * len(levels))
    home.load = lambda _: 900.0
    home.run(250)
    assert median(map(abs, home.grid[-1000:])) < 60
