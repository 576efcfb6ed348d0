"""How late a battery says that it moves, out of standby and while it works."""

from dataclasses import dataclass, field

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing.answers import Answers, Pace, answered, asked, unanswered
from tests.nodes.small_house import Cell, SmallHouse


def steps(*, start_up, dead=2.0, poll=1.0):
    """Steps from rest and while it works, in turn; one measurement each poll, shifted each time."""
    answers = Answers()
    for turn in range(12):
        at, held = 100.0 * turn, 400.0 * (turn % 2)
        answers = asked(answers, held, held, held + 800.0, at, alone=True)
        moves = at + dead + start_up * (turn % 2 == 0)
        for k in range(20):
            heard = at + (k + turn / 12) * poll
            answers = answered(answers, held + 800.0 * (heard >= moves), poll, heard)
    return answers


@pytest.mark.parametrize("start_up", [0.0, 2.0, 7.0])
def test_what_a_start_takes_longer_is_its_start_up_delay(start_up):
    answers = steps(start_up=start_up)
    assert answers.start_up(9.0, 9.0) == pytest.approx(start_up, abs=0.4)
    assert answers.working.seconds == pytest.approx(2.0, abs=0.3)


def test_what_it_says_later_than_the_meter_shows_is_the_age_of_its_telemetry():
    assert steps(start_up=0.0, dead=5.0).behind(1.5, 0.1) == pytest.approx(3.5, abs=0.4)
    assert Answers().behind(1.5, 0.1) is None
    assert Answers().start_up(1.5, 0.1) is None


def test_a_step_mixed_with_another_one_tells_nothing():
    answers = asked(Answers(), 400.0, 400.0, 1200.0, 1.0, alone=True)
    assert answers.asked
    assert asked(answers, 400.0, 1200.0, 1300.0, 2.0, alone=False).asked == answers.asked
    assert asked(answers, 400.0, 1200.0, 600.0, 2.0, alone=False).asked is None
    assert answered(answers, 400.0, 1.0, 60.0).asked is None


def test_a_start_is_one_whatever_it_is_told_to_give_meanwhile():
    answers = asked(Answers(), 0.0, 0.0, 80.0, 1.0, alone=True)
    for told, before in ((900.0, 80.0), (300.0, 900.0)):
        answers = asked(answers, 0.0, before, told, 2.0, alone=False)
    assert answered(answers, 30.0, 1.0, 12.0).asked == answers.asked
    heard = answered(answers, 45.0, 1.0, 13.5)
    assert heard.resting.seconds == 12.0
    assert heard.start_up(2.0, 1.0) == pytest.approx(9.5, abs=0.1)
    assert asked(answers, 0.0, 300.0, -300.0, 2.0, alone=False).asked is None


def test_a_start_that_is_much_quicker_shows_that_the_mean_was_wrong():
    answers = Answers(resting=Pace(20.0, 5))
    answers = asked(answers, 0.0, 0.0, 800.0, 0.0, alone=True)
    assert answered(answers, 700.0, 0.0, 4.0).resting == Pace(4.0, 2)


def test_a_start_that_was_given_up_has_twice_the_time_next():
    answers, waits = Answers(), []
    for _ in range(4):
        answers = unanswered(asked(answers, 0.0, 0.0, 800.0, 0.0, alone=True))
        waits.append(answers.waits)
    assert waits == [16.0, 32.0, 32.0, 32.0]
    assert unanswered(answers) == answers
    answers = answered(asked(answers, 0.0, 0.0, 800.0, 0.0, alone=True), 800.0, 2.0, 19.0)
    assert answers.waits == 18.0


@pytest.mark.parametrize("power", [None, 300.0])
def test_a_step_from_who_knows_where_tells_nothing(power):
    assert asked(Answers(), power, 0.0, 800.0, 1.0, alone=True).asked is None


def test_a_step_to_where_it_stands_already_is_none():
    assert asked(Answers(), 1850.0, 2000.0, 1850.0, 1.0, alone=True).asked is None


@dataclass
class Aged(Cell):
    """Its telemetry is seconds old."""

    age: int = 6
    past: list[float] = field(default_factory=list)

    def pass_time(self, now):
        super().pass_time(now)
        self.past.append(self.power)


class LateHouse(SmallHouse):
    def telemetry(self, cell):
        return Battery(power=cell.past[max(0, len(cell.past) - 10 * cell.age)], soc=60.0)


class Sleeper(Cell):
    """Each start takes it so long; who tells it to rest meanwhile has it begin anew."""

    start_up = 20.0
    told: float = 0.0
    since: float = 0.0

    def pass_time(self, now):
        told = round(self.sent[-1][1]) if self.sent else 0
        if bool(told) != bool(self.told):
            self.since = now
        self.told = told
        awake = told == 0 or now - self.since >= self.start_up
        most, self.most = self.most, self.most if awake else 0.0
        super().pass_time(now)
        self.most = most


@pytest.mark.parametrize("start_up", [10.0, 20.0, 30.0])
def test_one_that_starts_slowly_is_given_the_time_and_known_for_it(start_up):
    cell = Sleeper()
    cell.start_up = start_up
    house = SmallHouse({"left": cell}, lambda t: 600.0 * (t % 240 > 20)).run(960)
    says = house.outlooks[-1].batteries["left"]
    assert says.start_up == pytest.approx(start_up, abs=2.0)
    asleep = (start_up + 5) / 240 * 600
    assert house.mean(480) < asleep + 30


def test_in_a_house_late_telemetry_is_known_for_late_and_judges_nobody():
    house = LateHouse({"left": Aged(dead=1.0)}, lambda t: 300.0 + 900.0 * (t % 60 > 30)).run(900)
    says = house.outlooks[-1].batteries["left"]
    assert says.behind == pytest.approx(5.0, abs=1.5)
    assert says.dead_time <= 3.0
    late = [outlook for outlook in house.outlooks if outlook.at > 300]
    assert {outlook.batteries["left"].note for outlook in late} == {""}
