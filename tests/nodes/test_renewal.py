"""What is asked for more often than it is renewed is heard once; what rests is heard as it is."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing.bank import new_bank
from nodes._helpers.law.knowing.belief import believe
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.learning import begun_anew
from nodes._helpers.law.knowing.renewal import NEW, Renewal
from nodes._helpers.law.seeing.house import House, read
from tests.nodes.metered_house import Metered, renewed, restless, rounded, two
from tests.nodes.small_house import Cell, SmallHouse

TENTH = 97.0  # s between steps of the load: ten telegrams


def stood(*seconds: float, each: float = 1.0) -> Renewal:
    """A value that is asked for each `each` s, and stood so long each time."""
    renewal, begin = NEW, 0.0
    for length in seconds:
        for _ in range(round(length / each) - 1):
            renewal = renewal.again(begin)
        begin += length
        renewal = renewal.another(begin)
    return renewal


@pytest.mark.parametrize(
    ("seconds", "every"),
    [
        ((10.0, 10.0), 0.0),  # too few to know
        ((10.0, 10.0, 10.0), 10.0),
        ((10.0, 11.0, 9.0), 10.0),  # telegrams are on their way for longer or shorter
        ((10.0, 20.0, 10.0), 10.0),  # once the same by chance
        ((27.0, 60.0, 60.0), 0.0),  # nobody saw the first one begin
        ((10.0, 14.0, 10.0), 0.0),  # at rest
        ((8.0, 20.0, 12.0), 0.0),
        ((10.0, 10.0, 10.0, 14.0), 10.0),  # what is known stays ...
        ((10.0, 10.0, 10.0, 30.0, 30.0, 30.0), 10.0),  # ... if it is the same for longer ...
        ((10.0, 10.0, 10.0, 2.0, 10.0, 1.0), 10.0),  # ... and if one came sooner ...
        ((10.0, 10.0, 10.0, 2.0, 4.0), 0.0),  # ... but not two in a row
        ((10.0, 10.0, 10.0, 25.0, 25.0, 25.0), 25.0),
        ((90.0, 90.0, 90.0), 0.0),  # nobody waits for it
    ],
)
def test_how_seldom_it_is_renewed_is_learned_from_how_long_it_stood(seconds, every) -> None:
    assert stood(*seconds).every == every


def heard_of(shows: Callable[[float, float], float], every: float) -> Metered:
    """How a house does behind a meter; its beginning, in which that is learned, is left out."""
    house = Metered(two(), restless(-2000, 3000, TENTH), shows, every).live(120)
    house.grid.clear()
    return house.live(1200)


@pytest.mark.parametrize("often", [0.5, 1.0, 3.0])
def test_a_telegram_of_ten_seconds_serves_as_well_however_often_it_is_read(often) -> None:
    once = heard_of(rounded(10), 10.0).mean(1200)
    assert heard_of(renewed(10), often).mean(1200) < 1.12 * once  # it was 1.3 to 1.5


@pytest.mark.parametrize("often", [0.5, 1.0])
def test_nor_does_it_matter_that_a_telegram_is_on_its_way_for_longer_or_shorter(often) -> None:
    once = heard_of(rounded(10), 10.0).mean(1200)
    assert heard_of(renewed(10, jitter=1.0), often).mean(1200) < 1.15 * once


def test_outlooks_go_on_between_telegrams_and_say_when_the_newest_one_was_new() -> None:
    house = heard_of(renewed(10), 1.0)
    read = {outlook.read_at for outlook in house.outlooks if outlook.at > 200}
    assert len(read) == pytest.approx((house.clock.time() - 200) / 10, abs=3)
    gaps = [b.at - a.at for a, b in zip(house.outlooks, house.outlooks[1:], strict=False)]
    assert max(gaps) <= 1.0


class Cloud(SmallHouse):
    """Batteries whose telemetry is renewed each `renews` seconds, and told each second."""

    def __init__(self, renews: float, load: Callable[[float], float]) -> None:
        super().__init__(two(), load)
        self.renews, self.tell_every = renews, 1.0
        self.newest = {name: (-1.0, Battery()) for name in self.cells}

    def telemetry(self, cell: Cell) -> Battery:
        name = "left" if cell is self.cells["left"] else "right"
        turn = (self.clock.time() + len(name)) // self.renews
        if self.newest[name][0] != turn:
            self.newest[name] = turn, super().telemetry(cell)
        return self.newest[name][1]


@pytest.mark.parametrize("renews", [10.0, 20.0, 30.0, 60.0])
def test_a_battery_behind_a_cloud_is_not_judged_by_what_it_did_long_ago(renews) -> None:
    house = Cloud(renews, restless(-2000, 3000, 67.0))
    house.run(400)
    house.grid.clear()
    house.run(1800)
    assert house.mean(1800) < 180  # steps alone cost 130 to 150; it was up to 500
    assert not [note for note in notes(house) if "most" in note or "nothing" in note]


def notes(house: SmallHouse) -> list[str]:
    """What was said of batteries in the second half."""
    late = house.outlooks[len(house.outlooks) // 2 :]
    return [says.note for outlook in late for says in outlook.batteries.values()]


def test_one_behind_a_cloud_that_gives_less_is_still_found_out() -> None:
    house = Cloud(20.0, restless(1500, 3000, 67.0))
    house.run(400)
    house.cells["right"].most = 400.0
    house.run(300)
    assert house.outlooks[-1].batteries["right"].can_discharge < 700
    assert house.mean(60) < 200


@pytest.mark.parametrize("timed", [False, True])
def test_what_was_kept_of_a_timing_outlasts_what_repeats_have_taught(timed) -> None:
    fresh = believe(6.0, 2.0, 2500.0, timed=timed)
    taught = replace(fresh, dead=1.0, lag=1.0, bank=new_bank(1.0, 1.0))
    again = begun_anew(taught)
    assert (again.dead, again.lag, again.bank.costs) == (6.0, 2.0, fresh.bank.costs)


def test_measurements_that_repeat_are_no_polls() -> None:
    belief = believe(2.0, 1.0, 2500.0)
    for at in range(200):
        belief = hear(belief, Battery(power=float(at // 20)), float(at))
    assert belief.renewal.every == pytest.approx(20.0, abs=0.5)
    assert belief.poll == pytest.approx(20.0, abs=0.5)
    assert belief.measured_at == 180.0
    assert not belief.is_gone(199.0)
    moving = hear(hear(belief, Battery(power=50.0), 201.0), Battery(power=90.0), 202.0)
    assert moving.renewal.every == belief.renewal.every
    for at in (203.0, 204.0):
        moving = hear(moving, Battery(power=at), at)
    assert moving.renewal == NEW


@pytest.mark.parametrize("since", [10.0, -math.inf])
def test_what_stood_for_no_time_or_since_nobody_knows_when_teaches_nothing(since: float) -> None:
    """A table says the power again with the charge, at one time, and before it was measured."""
    renewal = NEW
    for _ in range(5):
        for _ in range(9):
            renewal = renewal.again(since)
        renewal = renewal.another(10.0)
    assert renewal == NEW


def test_a_first_reading_of_nothing_repeats_none() -> None:
    """A house that was held at zero before a restart begins with 0 W."""
    house, telegrams = House({"left": believe(3.5, 1.5, 2500.0)}), [0.0, 300.0, 310.0, 290.0]
    for at in range(40):
        house = read(house, telegrams[at // 10], 1000.0 + at)
        assert max(house.grid.standing.renewal.stood, default=0.0) <= 10.0
    assert house.grid.standing.renewal.every == 10.0
