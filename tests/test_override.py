"""Who has a battery: the flow, its own logic, or somebody with an app."""

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowctl import Battery
from flowctl.engine.override import Hold, allowed
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
        (told(400.0), 1.0, "unknown"),  # may be what it was told before
        (told(-900.0), 1.0, "unknown"),  # even this, as long as nobody hurries
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


def test_in_a_hurry_only_what_may_be_an_echo_is_forgiven() -> None:
    hold = Hold()
    hold.wrote(400.0, -10.0, held=None)
    hold.judge(told(400.0), -9.0)
    hold.wrote(1000.0, 0.0, held=400.0)
    assert [hold.judge(told(watts), 1.0, soon=True) for watts in (400.0, 700.0, -700.0)] == [
        "unknown",
        "unknown",
        "other",
    ]


def test_a_battery_that_was_its_own_may_still_say_so() -> None:
    hold = Hold()
    hold.wrote(1000.0, 0.0, held=None)
    assert hold.judge(told(1000.0), 0.1) == "unknown"
    assert [hold.judge(OWN, at) for at in (1.0, 3.0)] == ["unknown", "other"]


@given(st.floats(-5000, 5000), st.floats(-5000, 5000), st.floats(0, 100), st.booleans())
def test_what_never_agreed_is_never_somebody_elses(
    watts: float, other: float, at: float, soon: bool
) -> None:
    assume(abs(other - watts) > allowed(watts))
    hold = Hold()
    hold.wrote(watts, 0.0, held=None)
    assert hold.judge(told(other), at, soon=soon) != "other"
    assert hold.judge(OWN, at, soon=soon) != "other"


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
