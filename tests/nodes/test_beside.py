"""Beside a battery that is not ours to command: it is judged by what it does."""

from collections.abc import Callable

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing.ability import ability
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.judging import retried
from nodes._helpers.law.knowing.resting import pruned
from nodes._helpers.law.seeing.beside import between
from nodes._helpers.law.seeing.house import House, look, read, told

OURS = Battery(soc=60.0, max_charge=2500.0, max_discharge=2500.0)
OWN = Battery(self_regulating=True).after(OURS)


class Pair:
    """Ours does what is wanted within two seconds; the other one as it likes, once a second."""

    def __init__(self, other: Callable[[float, float], float]) -> None:
        self.house = House({name: believe(3.5, 1.5, 2500.0) for name in ("ours", "other")})
        self.other, self.power, self.given = other, 0.0, [0.0, 0.0, 0.0]
        self.at, self.meter, self.target = 0.0, 0.0, 0.0

    def run(self, seconds: int, load: Callable[[float], float]) -> "Pair":
        for _ in range(seconds):
            self.at += 1.0
            self.meter = load(self.at) - self.given[-3] - self.power
            self.power = self.other(self.power, self.meter)
            self._tell("ours", Battery(power=self.given[-3]).after(OURS))
            self._tell("other", Battery(power=self.power).after(OWN))
            self.house = read(self.house, self.meter, self.at)
            self.house, outlook = look(self.house, self.at)
            self.target = outlook.target
            self.given.append(max(-2500.0, min(2500.0, self.target)))
            self._tell("ours", Battery(setpoint=self.given[-1]))
        return self

    def _tell(self, name: str, record: Battery) -> None:
        self.house = told(self.house, name, record, self.at)


def steps(at: float) -> float:
    return 800.0 if at % 40 < 20 else 1600.0


def follows(power: float, meter: float) -> float:
    """What self-regulating firmware does."""
    return power if abs(meter) < 20 else power + max(-400.0, min(400.0, 0.8 * meter))


def test_one_that_follows_its_meter_gets_the_fast_part_and_its_share() -> None:
    pair = Pair(follows).run(195, steps)
    assert pair.target == pytest.approx(600.0, abs=250)  # half of what there was on average
    assert pair.power > 400


@pytest.mark.parametrize("held", [0.0, 500.0, -500.0])
def test_one_that_stands_still_is_left_nothing(held: float) -> None:
    pair = Pair(lambda *_: held).run(60, lambda _: 1600.0)
    assert pair.target == pytest.approx(1600.0 - max(held, 0.0), abs=20)


def test_one_that_is_empty_by_now_is_left_nothing_any_more() -> None:
    full = Pair(follows).run(195, steps)
    full.other = lambda *_: 0.0
    full.run(60, lambda _: 1600.0)
    assert full.target == pytest.approx(1600.0, abs=20)
    full.other = follows
    full.run(120, steps)
    assert full.target < 1000


def test_that_a_hand_is_taken_away_is_no_sign_of_following() -> None:
    pair = Pair(lambda *_: -700.0).run(60, lambda _: 1600.0)
    pair.other = lambda power, _: min(0.0, power + 200.0)
    pair.run(20, lambda _: 1600.0)
    assert pair.target == pytest.approx(1600.0, abs=20)


def test_one_that_went_away_gives_nothing() -> None:
    pair = Pair(lambda *_: -700.0).run(30, lambda _: 1600.0)
    pair._tell("other", Battery(online=False))
    house = read(pair.house, 0.0, pair.at + 1)
    assert look(house, pair.at + 1)[1].target == pytest.approx(1600.0, abs=20)


@pytest.mark.parametrize(
    ("need", "house", "served"),
    [
        (3000.0, 2300.0, 2300.0),  # another one charges
        (-700.0, 300.0, 0.0),  # another one discharges into a house that draws little
        (1300.0, 2300.0, 1300.0),  # another one helps
        (-2300.0, -1500.0, -1500.0),  # another one discharges into a house with surplus
        (-800.0, -1500.0, -800.0),  # another one takes some of the surplus
        (0.0, 0.0, 0.0),
    ],
)
def test_no_battery_works_for_another(need: float, house: float, served: float) -> None:
    assert between(need, house) == served


def after(*powers: float, before: float = -1500.0) -> Belief:
    """What is believed of one that was told 1000 W a minute ago, and tells these powers."""
    belief = believe(0.5, 0.3, 2500.0)
    belief = hear(belief, Battery(power=before), 0.0)
    belief = hear(belief, Battery(setpoint=before), 0.0)
    belief = hear(belief, Battery(power=before), 2.0)
    belief = hear(belief, Battery(setpoint=1000.0), 4.0)
    for k, power in enumerate(powers):
        belief = hear(pruned(belief, 6.0 + 2 * k), Battery(power=power), 6.0 + 2 * k)
    return belief


def test_one_that_is_later_than_believed_does_not_do_the_opposite() -> None:
    late = after(-1500.0, -1300.0, -900.0, -500.0, -150.0, 300.0)
    assert (late.given(16.0), late.discharge.against) == (0.0, False)


def test_what_does_the_opposite_is_no_limit_and_soon_trusted_again() -> None:
    held = after(*[-1500.0] * 8)
    assert held.given(20.0) == -1500.0
    sent = hear(held, Battery(setpoint=1400.0), 20.5)
    assert sent.given(20.6) == -1500.0, "what is on its way is no part of what it gives"
    assert ability(held).note == "does the opposite of what it is told"
    assert retried(held, charging=False, hungry=True, at=300.0) is held
    free = hear(hear(held, Battery(setpoint=0.0), 21.0), Battery(power=0.0), 60.0)
    assert ability(retried(free, charging=False, hungry=False, at=61.0)).can_discharge == 2500.0


def targets(hand: float) -> list[float]:
    """What is wanted of ours, which gives nothing, in a house that pulses; a hand from 40 s on."""
    house, wanted = House({name: believe(3.5, 1.5, 2500.0) for name in ("ours", "other")}), []
    for at in map(float, range(80)):
        power = hand if at >= 40 else 0.0
        house = told(house, "ours", Battery(power=0.0).after(OURS), at)
        house = told(house, "other", Battery(power=power).after(OWN), at)
        house = read(house, (2400.0 if at % 4 < 2 else 800.0) - power, at)
        house, outlook = look(house, at)
        wanted.append(outlook.target)
    return wanted


def test_what_a_hand_charges_is_out_of_the_load_at_once_though_a_level_is_held() -> None:
    assert targets(-700.0) == pytest.approx(targets(0.0))
