"""`full_charge` charges each battery full now and then."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reactivex import Subject

from flowctl import Battery, Log, Plan, Store
from flowctl.testing import play
from flowctl.virtual.clock import VirtualClock
from nodes.full_charge import Charging, Rule, chosen, full_charge
from tests.nodes.timelines import timelines

DAY = 86400.0
RULE = Rule(every=30 * DAY, full=100.0, soak=1800.0)


class House:
    """Two batteries and a plan once a minute."""

    def __init__(self, store: Store | None = None, **how: Any) -> None:
        self.clock, self.store = VirtualClock(), Store() if store is None else store
        self.plans = Subject[Plan]()
        self.tells = {name: Subject[Battery]() for name in ("left", "right")}
        self.now = Subject[bool]()
        self.said: list[Plan] = []
        given_ = {"power": 800.0, "every": 30 * DAY, "log": Log("full")} | how
        if given_.pop("asks", False):
            given_["now"] = self.now
        full_charge(self.plans, self.tells, clock=self.clock, store=self.store, **given_).subscribe(
            self.said.append, scheduler=self.clock
        )

    def turn(
        self, left: float, right: float, after: float = 60.0, share: float = 300.0
    ) -> dict[str, float]:
        """Let time pass, tell the charges and plan; what becomes of the plan."""
        self.clock.advance(after)
        for name, soc in (("left", left), ("right", right)):
            self.clock.turn(self.tells[name].on_next, Battery(soc=soc))
        self.clock.turn(self.plans.on_next, Plan(watts={"left": share, "right": 200.0}))
        return dict(self.said[-1].watts)


def test_a_battery_that_was_not_full_for_long_is_charged_full() -> None:
    house = House()
    assert house.turn(50, 50) == {"left": 300, "right": 200}  # new: nothing begins at once
    assert house.turn(50, 100, 20 * DAY) == {"left": 300, "right": 200}
    assert house.turn(50, 60, 11 * DAY) == {"left": -800, "right": 200}
    assert house.said[-1].reasons == {"left": "full_charge: it is due"}
    assert house.turn(90, 60, share=-1500.0) == {"left": -1500, "right": 200}
    assert house.turn(100, 60) == {"left": -800, "right": 200}  # its cells even out
    assert house.turn(100, 60, 1700.0) == {"left": -800, "right": 200}
    assert house.turn(100, 60, 200.0) == {"left": 300, "right": 200}
    assert house.turn(50, 60, 20 * DAY)["right"] == -800


def test_one_at_a_time_the_longest_overdue_first() -> None:
    ages = {"left": 40 * DAY, "right": 45 * DAY, "far": 99 * DAY}
    charges = {"left": 50.0, "right": 50.0}
    first = chosen(Charging(), charges, ages, 0.0, RULE)
    assert first == Charging("right")
    assert chosen(first, charges, ages | {"left": 60 * DAY}, 9.0, RULE) == Charging("right")
    full = charges | {"right": 100.0}
    begun = chosen(first, full, ages, 10.0, RULE)
    assert begun == Charging("right", 10.0)
    assert chosen(begun, full, ages | {"right": 0.0}, 1810.0, RULE) == Charging("left")
    assert chosen(begun, charges, ages, 20.0, RULE) == Charging("right")  # a glitch was full


def test_one_that_takes_no_more_is_left_and_tried_again_in_a_day(caplog: Any) -> None:
    house = House()
    house.turn(50, 100)
    assert house.turn(50, 100, 31 * DAY)["left"] == -800
    for soc in (70, 90, 97, 97.5):
        assert house.turn(soc, 100, 7200.0)["left"] == -800  # slowly, but it goes on
    assert house.turn(97.9, 100, 3590.0)["left"] == -800
    assert "takes no more" not in caplog.text
    assert house.turn(97.9, 100, 20.0)["left"] == 300
    assert "left takes no more than 97%; tried again in a day" in caplog.text
    assert house.turn(60, 100, 0.9 * DAY)["left"] == 300
    assert house.turn(60, 100, 0.2 * DAY)["left"] == -800


def test_one_that_is_due_often_is_noted_as_full_often_enough() -> None:
    house = House(every=300.0, soak=60.0)
    assert house.turn(99, 99)["left"] == 300
    assert house.turn(99, 99, 300.0)["left"] == -800
    assert house.turn(100, 99) == {"left": -800, "right": 200}
    assert house.turn(100, 99) == {"left": 300, "right": -800}
    house.turn(100, 100)
    assert house.turn(100, 100) == {"left": 300, "right": 200}


def test_when_it_was_last_full_is_kept_over_restarts() -> None:
    store = Store()
    before = House(store)
    before.turn(100, 100)
    after = House(store, every=1 * DAY)
    after.clock.advance(2 * DAY)
    assert after.turn(50, 50, 0.0)["left"] == -800


def test_what_was_kept_may_be_rubbish() -> None:
    house = House(Store({"left": "soon", "right": None}))
    assert house.turn(50, 50) == {"left": 300, "right": 200}
    assert isinstance(house.store["left"], float)


def test_it_waits_for_its_hours_and_goes_on_in_the_next_ones() -> None:
    house = House(asks=True)
    house.turn(50, 100)
    assert house.turn(50, 100, 31 * DAY) == {"left": 300, "right": 200}  # nothing said so far
    for allowed, left in ((True, -800), (False, 300), (True, -800)):
        house.clock.turn(house.now.on_next, allowed)
        assert house.turn(70, 100)["left"] == left


def test_who_is_not_in_the_plan_is_not_charged() -> None:
    house = House()
    house.turn(50, 100)
    house.clock.advance(31 * DAY)
    house.clock.turn(house.plans.on_next, Plan(watts={"right": 100.0}))
    assert dict(house.said[-1].watts) == {"right": 100.0}


def test_being_full_all_day_wears_no_card() -> None:
    writes: list[str] = []
    house = House(Store({}, lambda name, _: writes.append(name)))
    for _ in range(24 * 60):
        house.turn(100, 50)
    assert writes.count("left") <= 25
    assert writes.count("right") == 1


@pytest.mark.parametrize("every", [60.0, 30 * DAY])
@given(
    timelines(st.tuples(st.floats(-2500, 2500), st.floats(-2500, 2500)), longest=4000.0),
    timelines(st.builds(Battery, soc=st.none() | st.floats(0, 100)), longest=4000.0),
)
@settings(max_examples=30)
def test_only_one_share_changes_and_only_towards_charging(every, line, told) -> None:
    plans = [(at, Plan(watts={"left": a, "right": b})) for at, (a, b) in line]
    said = play(
        full_charge, plans, batteries={"left": told, "right": told}, power=500.0, every=every
    )
    assert len(said) == len(plans)
    for (_, before), (_, after) in zip(plans, said, strict=True):
        changed = [name for name in before.watts if after.watts[name] != before.watts[name]]
        assert len(changed) <= 1
        assert all(after.watts[name] == -500.0 < before.watts[name] for name in changed)
