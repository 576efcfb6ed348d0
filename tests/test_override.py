"""Who has a battery: the flow, its own logic, or somebody with an app."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.engine.override import Hold, allowed, told_apart
from flowctl.testing import Bench

HOME = Path(__file__).parent.parent / "flows" / "home.yaml"
IDLE = Battery(power=0.0, soc=60.0, capacity=5120.0, max_charge=2500.0, max_discharge=2500.0)
OWN = Battery(self_regulating=True)


def told(watts: float) -> Battery:
    return Battery(setpoint=watts)


@pytest.mark.parametrize(
    ("record", "at", "verdict"),
    [
        (Battery(power=500.0), 9.0, "unknown"),  # it tells no setpoint
        (told(1000.0), 9.0, "agrees"),
        (told(910.0), 9.0, "agrees"),  # rounded
        (Battery(power=-500.0), 99.0, "unknown"),  # once may be a glitch
        (told(400.0), 1.0, "unknown"),  # may be what it was told before
        (told(700.0), 1.0, "unknown"),  # on its way
        (told(-900.0), 1.0, "other"),  # never asked for
        (told(1500.0), 1.0, "other"),
        (told(250.0), 1.0, "lower"),
        (told(400.0), 9.0, "lost"),  # still what it was told before
        (told(700.0), 9.0, "less"),
        (told(0.0), 9.0, "other"),
        (told(-700.0), 9.0, "other"),
        (told(1500.0), 9.0, "other"),
        (OWN, 1.0, "other"),
        (Battery(self_regulating=False), 9.0, "unknown"),
    ],
)
def test_what_is_told_is_compared_with_what_was_written(
    record: Battery, at: float, verdict: str
) -> None:
    hold = Hold()
    hold.wrote(400.0, -10.0, held=None)
    hold.judge(told(400.0), -9.0)
    hold.wrote(1000.0, 0.0, held=400.0)
    assert hold.judge(record, at) == verdict


def busy(*setpoints: float) -> Hold:
    """A battery that was told another setpoint each second until now, and took each."""
    hold = Hold()
    for at, (before, watts) in enumerate(pairwise((None, *setpoints))):
        hold.wrote(watts, at - len(setpoints) + 1.0, held=before)
        hold.judge(told(watts), at - len(setpoints) + 1.1)
    return hold


BUSY = (-900.0, 300.0, 0.0, 1500.0, 1400.0, 1480.0, 1420.0)


@pytest.mark.parametrize(
    ("watts", "verdict"),
    [
        (2200.0, "other"),
        (-2000.0, "other"),
        (1500.0, "unknown"),  # an echo
        (1590.0, "unknown"),  # a rounded one
        (-900.0, "unknown"),  # a late one
        (300.0, "unknown"),
        (0.0, "unknown"),  # was asked for, of late
        (800.0, "lower"),  # may be a limit
    ],
)
def test_in_a_busy_house_what_was_never_asked_for_is_somebody_elses(watts, verdict):
    assert busy(*BUSY).judge(told(watts), 0.5) == verdict


def test_in_a_replay_nothing_counts_so_soon():
    assert busy(*BUSY).judge(told(2200.0), 0.5, soon=False) == "unknown"


@given(st.lists(st.floats(-2500, 2500), min_size=2, max_size=40), st.data())
def test_no_setpoint_of_ours_nor_a_part_of_one_is_a_hand(setpoints, data):
    hold = busy(*setpoints)
    part = data.draw(st.floats(0, 1)) * data.draw(st.sampled_from(setpoints[-2:]))
    late = data.draw(st.sampled_from(setpoints[-9:])) * data.draw(st.floats(0.95, 1.05))
    for echo in (late, part if abs(part) > 0 else late):
        verdict = hold.judge(told(echo), 0.9)
        assert verdict != "other"


def test_a_battery_that_was_its_own_may_still_say_so() -> None:
    hold = Hold()
    hold.wrote(1000.0, 0.0, held=None)
    assert hold.judge(told(1000.0), 0.1) == "unknown"
    assert [hold.judge(OWN, at) for at in (1.0, 3.0)] == ["unknown", "other"]


def measured(
    power: float, watts: float, before: float, *, seconds: int = 60, **more: float
) -> list[str]:
    """What is made of a power once a second, of a battery told something else at 0 s."""
    hold = Hold()
    hold.wrote(before, -90.0, held=None)
    hold.judge(told(before), -89.0)
    hold.wrote(watts, 0.0, held=before)
    return [hold.judge(Battery(power=power, **more), at) for at in range(1, seconds)]


@pytest.mark.parametrize(
    ("power", "watts", "more"),
    [
        (-700.0, 1000.0, {}),
        (700.0, -1000.0, {}),
        (-700.0, 0.0, {}),
        (900.0, -1000.0, {"pv_power": 500.0}),
    ],
)
def test_who_does_the_opposite_of_what_he_was_told_has_it_from_somebody_else(power, watts, more):
    said = measured(power, watts, 300.0 if watts >= 0 else -300.0, **more)
    assert said.index("other") == 10
    assert set(said[10:]) == {"other"}


@pytest.mark.parametrize(
    ("power", "watts", "before", "more"),
    [
        (0.0, 1000.0, 300.0, {}),  # it does nothing
        (-90.0, 0.0, 300.0, {}),  # standby
        (700.0, 0.0, 300.0, {}),  # it has panels, perhaps
        (500.0, -1000.0, -300.0, {"pv_power": 500.0}),
    ],
)
def test_who_does_less_or_gives_what_its_panels_make_is_under_no_hand(power, watts, before, more):
    assert set(measured(power, watts, before, **more)) == {"unknown"}


def test_what_is_still_on_its_way_is_nobodys_hand():
    said = measured(-700.0, 1000.0, -700.0)
    assert set(said[:29]) == {"unknown"}
    assert "other" in said


def test_a_measurement_told_again_is_no_further_one():
    assert set(measured(-700.0, 1000.0, 300.0, power_at=5.0)) == {"unknown"}


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (OWN, "it follows its own meter where it was told 1022W"),
        (
            Battery(self_regulating=True, mode="Manual", power=-700.0),
            "it is in mode Manual and takes 700W where it was told 1022W",
        ),
        (told(-700.0), "it holds -700W where it was told 1022W"),
        (Battery(power=-700.0), "it takes 700W where it was told 1022W"),
    ],
)
def test_what_a_hand_has_set_is_told_as_the_battery_tells_it(record: Battery, said: str) -> None:
    assert told_apart(record, 1022.2) == f"{said}: set by somebody else"


@given(st.floats(-5000, 5000), st.floats(-5000, 5000), st.floats(0, 100))
def test_what_never_agreed_is_never_somebody_elses(watts: float, other: float, at: float) -> None:
    assume(abs(other - watts) > allowed(watts))
    hold = Hold()
    hold.wrote(watts, 0.0, held=None)
    assert hold.judge(told(other), at) != "other"
    assert hold.judge(OWN, at) != "other"


def test_after_a_silence_of_the_meter_the_batteries_are_taken_again() -> None:
    with Bench(HOME) as bench:
        run(bench, 10)
        bench.advance(30.0)
        for name in ("left", "right"):
            assert bench.heard(name)[-1][1] is None
            bench.say(name, OWN)  # as a Venus says when it was given back
        since = bench.time
        run(bench, 30)
        for name in ("left", "right"):
            assert max(watts or 0.0 for at, watts in bench.heard(name) if at > since) > 200


def test_while_one_is_yielded_the_other_serves_the_house() -> None:
    text = HOME.read_text(encoding="utf-8")
    flow = text.replace('-127.0.0.1:18021}"', '-127.0.0.1:18021}", on_override: yield', 1)
    with Bench(flow) as bench:
        run(bench, 40)
        bench.say("left", told(-800.0))
        assert bench.heard("left")[-1][1] is None
        run(bench, 60)
        assert bench.heard("left")[-1][1] is None
        left_out = bench.stream("plan")[-1][1].watts
        assert "left" not in left_out
        assert left_out["right"] > 200


def flow_with(terms: str) -> str:
    text = HOME.read_text(encoding="utf-8")
    return text.replace('-127.0.0.1:18030}"', f'-127.0.0.1:18030}}", {terms}', 1)


class House:
    """A house in which `left` does what it is told at once, and `right` what is said."""

    def __init__(self, bench: Bench, load: float) -> None:
        self.bench, self.load, self.meter = bench, load, 0.0

    def run(self, seconds: int, right: Battery | None = None) -> list[float]:
        """Let it run; returns what the meter showed."""
        shown = []
        for _ in range(seconds):
            given = 0.0
            for name in ("left", "right"):
                heard = self.bench.heard(name)
                record = Battery(power=(heard[-1][1] or 0.0) if heard else 0.0, soc=60.0)
                if right is not None and name == "right":
                    record = right.after(record)
                self.bench.say(name, record.after(IDLE))
                given += record.power or 0.0
            self.meter = self.load - given
            shown.append(self.meter)
            self.bench.say("meter", self.meter)
            self.bench.advance(1.0)
        return shown

    @property
    def left(self) -> float:
        return self.bench.heard("left")[-1][1] or 0.0


@pytest.mark.parametrize(
    "hand",
    [
        Battery(self_regulating=True, mode="Manual", power=-700.0),
        Battery(self_regulating=True, mode="Manual", power=0.0),
        Battery(self_regulating=True, mode="Manual", power=900.0),
        Battery(setpoint=-700.0, power=-700.0),
    ],
)
def test_the_house_is_served_beside_one_that_is_yielded_to_a_hand(hand: Battery) -> None:
    with Bench(flow_with("on_override: yield")) as bench:
        house = House(bench, 2300.0)
        house.run(20)
        house.run(60, hand)
        assert bench.heard("right")[-1][1] is None
        assert house.left == pytest.approx(2300.0 - max(hand.power or 0.0, 0.0), abs=30)


def test_surplus_is_taken_beside_a_hand_but_never_what_another_battery_gives() -> None:
    with Bench(flow_with("on_override: yield")) as bench:
        house = House(bench, -1500.0)
        house.run(20)
        house.run(60, Battery(self_regulating=True, power=800.0))
        assert house.left == pytest.approx(-1500.0, abs=30)


@pytest.mark.parametrize("terms", ["on_override: retake", "on_override: yield"])
def test_who_takes_what_he_should_give_is_no_load_of_the_others(
    terms: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Bench(flow_with(terms)) as bench:
        house = House(bench, 2300.0)
        house.run(60)
        since = bench.time
        house.run(60, Battery(power=-700.0))
        assert house.left == pytest.approx(2300.0, abs=30)
        assert [line for line in caplog.messages if "takes 700W" in line]
        sent = [watts for at, watts in bench.heard("right") if at > since]
        assert (sent[-1] is None) == ("yield" in terms)
    assert not [line for line in caplog.messages if "at most" in line]


def test_after_the_hand_both_share_again() -> None:
    with Bench(flow_with("on_override: retake")) as bench:
        house = House(bench, 2300.0)
        house.run(60)
        house.run(20, Battery(power=-700.0))
        shown = house.run(60)
        assert max(map(abs, shown[40:])) < 50
        assert house.left < 1500


def run(bench: Bench, seconds: int) -> None:
    """Let a house of 800 W run, in which batteries do what they are told at once."""
    for _ in range(seconds):
        given = 0.0
        for name in ("left", "right"):
            heard = bench.heard(name)
            power = (heard[-1][1] or 0.0) if heard else 0.0
            bench.say(name, Battery(power=power, soc=60.0).after(IDLE))
            given += power
        bench.say("meter", 800.0 - given)
        bench.advance(1.0)
