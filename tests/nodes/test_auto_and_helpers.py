"""`auto_and_helpers` leaves one battery to its own meter; the others help with what it cannot."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl import Battery, Outlook
from flowctl.finite import is_finite
from flowctl.testing import play
from nodes._helpers.leading import Lead, Member, Rules, lead
from nodes._helpers.scheme import Scheme, members, step
from nodes.auto_and_helpers import auto_and_helpers
from tests.nodes.batteries import RECORDS
from tests.nodes.outlooks import OUTLOOKS, able

RULES = Rules()
NAMES = ("left", "right", "third")


def member(soc=50.0, power=0.0, *, own=False, most=2500.0, at=0.0):
    return Member(own, soc, power, at, most, most)


class House:
    """Batteries of which the one in Auto serves at once what the others do not."""

    def __init__(self, *socs, load=300.0, rules=RULES, auto="left", most=2500.0, **windows):
        self.windows = windows
        self.rules, self.load, self.at, self.most = rules, load, 0.0, most
        self.socs = dict(zip(NAMES, socs, strict=False))
        self.own = dict.fromkeys(self.socs, auto == "all") | ({auto: True} if auto != "all" else {})
        self.held = dict.fromkeys(self.socs, 0.0)
        self.state, self.plan = Scheme(), None
        self.given = dict.fromkeys(self.socs, 0.0)

    def powers(self):
        mine = {name: watts for name, watts in self.held.items() if not self.own[name]}
        left = self.load - sum(mine.values())
        for name in self.socs:
            if self.own[name]:
                mine[name] = max(-self.most, min(self.most, left))
                left -= mine[name]
        return mine, left

    def run(self, seconds=1):
        for _ in range(seconds):
            self.given, grid = self.powers()
            there = {
                name: member(soc, self.given[name], own=self.own[name], at=self.at)
                for name, soc in self.socs.items()
            }
            abilities = {
                name: able(
                    soc=soc,
                    setpoint=self.held[name],
                    available=not self.own[name],
                    can_charge=0.0 if soc >= 100 else 2500.0,
                    **self.windows.get(name, {}),
                )
                for name, soc in self.socs.items()
            }
            shown = sum(self.held[name] for name in self.socs if not self.own[name])
            self.state, self.plan = step(
                self.state,
                Outlook(
                    at=self.at, meter=grid, load=grid + shown, target=0.0,
                    batteries=abilities, read_at=self.at,
                ),
                there,
                self.rules,
            )  # fmt: skip
            for name, watts in self.plan.watts.items():
                self.own[name], self.held[name] = False, watts
            self.at += 1.0
        return self

    def obey(self):
        """Whoever is left out is released: the lease is over."""
        for name in self.socs.keys() - self.plan.watts.keys():
            self.own[name] = True

    def told(self):
        return {name: round(watts) for name, watts in self.plan.watts.items()}


# The check vectors of system 4 (4b), in our sign; where ours differs, the reason.

VECTORS = [
    ((60, 50, 40), 300.0, "left", {"right": 0, "third": 0}),
    # theirs leaves 2600 W to one battery of 2500 W (B4.5)
    ((60, 50, 40), 2600.0, "left", {"right": 660, "third": 440}),
    # theirs: -1250 and -1875, the wrong way (B4.1) and more than there is to do (B4.2); the
    # emptier one gives more (B4.3)
    ((60, 50, 40), 2800.0, "left", {"right": 780, "third": 520}),
    ((60, 50, 40), -4000.0, "third", {"left": -1111, "right": -1389}),
    ((60, 58, 56), 4000.0, "left", {"right": 1284, "third": 1216}),
    # theirs puts an empty one in Auto (B4.5)
    ((15, 18, 12), 4000.0, "", {"left": 0, "right": 0, "third": 0}),
]


@pytest.mark.parametrize(("socs", "load", "auto", "told"), VECTORS)
def test_the_check_vectors_with_the_right_sign_and_a_shared_need(socs, load, auto, told):
    house = House(*socs, load=load, auto="left" if socs[0] > 20 else "none").run(70)
    house.obey()
    house.run(40)
    assert house.state.lead.name == auto
    assert house.told() == told


@pytest.mark.parametrize(
    ("load", "auto", "window", "told"),
    [
        (2800.0, "left", {"right": {"floor": 40.0}}, {"right": 433, "third": 867}),
        (-4000.0, "third", {"right": {"ceiling": 75.0}}, {"left": -1538, "right": -962}),
    ],
)
def test_what_a_window_leaves_is_what_helpers_share_by(load, auto, window, told):
    """10 points of charge and 20, for 1300 W; then 40 and 25, for 2500 W."""
    house = House(60, 50, 40, load=load, **window).run(70)
    house.obey()
    assert house.run(40).state.lead.name == auto
    assert house.told() == told


@pytest.mark.parametrize(
    ("load", "expected"),
    [(100.1, "left"), (-100.1, "third"), (100.0, "right"), (0.0, "right"), (-100.0, "right")],
)
def test_who_is_chosen_when_nobody_was(load, expected):
    there = {name: member(soc) for name, soc in zip(NAMES, (60, 50, 40), strict=True)}
    assert lead(Lead(), there, load, 0.0, RULES).name == expected


def test_after_a_start_the_one_that_is_in_auto_stays_so():
    there = {"left": member(60), "right": member(57, own=True)}
    assert lead(Lead(), there, 900.0, 0.0, RULES).name == "right"


@pytest.mark.parametrize(
    ("soc", "load", "at", "switches"),
    [
        (64.9, 2000.0, 60.0, False),  # 5 points it must be
        (65.0, 2000.0, 60.0, True),
        (65.0, 1499.0, 60.0, False),  # under 1500 W it is kept
        (65.0, 2000.0, 59.0, False),  # for a minute, too
        (80.0, 50.0, 60.0, False),
        (65.0, -2000.0, 60.0, False),  # for a surplus the emptier one is right
    ],
)
def test_another_one_must_be_better_by_five_points(soc, load, at, switches):
    there = {"left": member(60, own=True), "right": member(soc)}
    before = Lead(name="left", at=0.0, known=frozenset(there))
    assert lead(before, there, load, at, RULES).name == ("right" if switches else "left")


@pytest.mark.parametrize(
    ("soc", "load", "switches"),
    [(20.0, 500.0, True), (20.0, 50.0, True), (20.0, -500.0, False), (21.0, 500.0, False),
     (95.0, -500.0, True), (95.0, 500.0, False), (94.0, -500.0, False)],
)  # fmt: skip
def test_one_that_is_too_empty_or_too_full_gives_way_at_once(soc, load, switches):
    there = {"left": member(soc, own=True), "right": member(60)}
    before = Lead(name="left", at=0.0, known=frozenset(there))
    assert lead(before, there, load, 1.0, RULES).name == ("right" if switches else "left")


def test_an_empty_one_comes_back_a_point_later():
    now, there = Lead(), {"left": member(20.0)}
    for soc, name in [(20.0, ""), (20.5, ""), (21.0, "left"), (20.5, "left"), (20.0, "")]:
        there = {"left": member(soc)}
        now = lead(now, there, 900.0, 0.0, RULES)
        assert now.name == name


def test_full_ones_may_be_in_auto_for_they_do_no_harm_there():
    there = {"left": member(99.0), "right": member(97.0)}
    assert lead(Lead(), there, -900.0, 0.0, RULES).name == "right"


def test_one_that_goes_away_is_replaced_and_one_that_comes_is_looked_at():
    there = {"left": member(60, own=True), "right": member(50)}
    now = lead(Lead(), there, 900.0, 0.0, RULES)
    assert now.name == "left"
    now = lead(now, {"right": member(50)}, 900.0, 1.0, RULES)
    assert (now.name, now.before) == ("right", "")
    assert lead(now, there, 900.0, 2.0, RULES).name == "left"


def test_the_old_one_stays_until_the_new_one_is_its_own():
    house = House(60, 50, 40, load=-4000.0).run(65)
    assert "left" not in house.plan.watts
    assert house.plan.reasons["left"] == "in Auto until third is"
    assert house.plan.reasons["third"] == "to be set to Auto: the emptiest"
    house.obey()
    house.run()
    assert house.plan.reasons["third"] == "in Auto: the emptiest"
    assert house.plan.watts["left"] < 0.0


def test_an_empty_one_does_not_stay_until_then():
    house = House(60, 50, 40).run(3)
    house.socs["left"] = 20.0
    house.run()
    assert house.plan.watts["left"] == 0.0
    assert house.plan.reasons["left"] == "empty: 20% or less"


def test_one_that_is_not_in_auto_is_borrowed_and_given_back():
    house = House(60, load=500.0, auto="none")
    times = []
    for _ in range(130):
        house.run()
        times += [house.at - 1] if "left" in house.plan.watts else []
    assert times == [0.0, 1.0, 60.0, 61.0, 120.0, 121.0]
    assert house.plan.watts.get("left", 0.0) == 0.0


def test_a_former_helper_needs_no_borrowing():
    house = House(60, 50, 40, load=-4000.0).run(115)
    assert house.state.lead.at == 60.0
    assert "third" not in house.plan.watts
    house.run(4)
    assert house.told()["third"] == 0  # it should have been its own by now


# What the helpers do.


def test_helpers_join_before_the_one_in_auto_is_at_its_limit_and_leave_later():
    house = House(60, 50, load=1800.0).run(60)
    assert house.told() == {"right": 0}
    house.load = 1850.0
    house.run(60)
    assert house.told() == {"right": 350}
    house.load = 1600.0
    house.run(60)
    assert house.told() == {"right": 300}
    house.load = 1500.0
    house.run(60)
    assert house.told() == {"right": 0}


def test_a_helper_works_with_300_watts_or_not_at_all():
    house = House(60, 50, 50, load=1900.0).run(60)
    assert sorted(house.told().values()) == [0, 400]
    house.load = 2250.0
    house.run(60)
    assert sorted(house.told().values()) == [375, 375]


def test_what_the_one_in_auto_cannot_do_is_done_at_once_all_else_at_its_pace():
    house = House(60, 50, load=1000.0).run(30)
    house.load = 3500.0
    shares = [house.run().told()["right"] for _ in range(30)]
    assert shares[7] >= 1000.0
    assert max(b - a for a, b in pairwise(shares[8:])) <= 200.0
    assert shares[-1] == 2000


def test_helpers_neither_feed_the_grid_nor_the_one_in_auto_for_long():
    house = House(60, 50, load=4000.0).run(60)
    house.load = 200.0
    house.run(30)
    assert house.told() == {"right": 0}


def test_a_pulse_is_left_to_the_one_in_auto():
    house = House(60, 50, load=800.0).run(30)
    house.load = 2400.0
    house.run(8)
    house.load = 800.0
    told = {house.run().told()["right"] for _ in range(20)}
    assert told == {0}


def test_the_rest_is_unmet_when_all_are_at_their_limit():
    house = House(60, 50, load=6000.0).run(60)
    assert house.told() == {"right": 2500}
    assert house.plan.unmet == pytest.approx(1000.0)
    assert House(60, 50, load=-6000.0, auto="right").run(60).plan.unmet == pytest.approx(-1000.0)


def test_one_in_auto_that_gives_less_than_it_should_gets_help():
    house = House(60, 50, load=1400.0, most=600.0).run(120)
    assert house.told() == {"right": 800}
    assert house.powers()[1] == pytest.approx(0.0, abs=1.0)


def test_without_anyone_in_auto_the_others_do_it_all():
    house = House(60, 50, load=900.0, auto="none").run(30)
    assert house.told() == {"right": 900}


def test_the_sign_of_a_surplus():
    house = House(60, 50, load=-4000.0, auto="right").run(60)
    assert house.told() == {"left": -2500}


@pytest.mark.parametrize(("soc", "watts"), [(100.0, 0.0), (99.0, -2500.0)])
def test_a_full_helper_does_not_charge(soc, watts):
    house = House(30, soc, load=-6000.0).run(60)
    assert house.plan.watts["right"] == watts


def test_one_that_went_away_gets_one_last_word():
    house = House(60, 50, 40, load=4000.0).run(60)
    del house.socs["third"]
    house.run()
    assert house.plan.watts["third"] == 0.0
    assert house.plan.reasons["third"] == "not available"
    house.run()
    assert "third" not in house.plan.watts


def test_a_late_answer_of_the_one_in_auto_is_not_taken_for_load():
    """The helper gives 1000 W more; what the one in Auto does now is told seconds later."""
    there = {"left": member(60, 2400.0, own=True), "right": member(50, 400.0)}
    helper = able(soc=50.0, setpoint=400.0)
    seen = Outlook(
        at=0.0, meter=0.0, load=400.0, target=0.0, batteries={"right": helper}, read_at=0
    )
    state, _ = step(Scheme(), seen, there, RULES)
    raised = {"right": replace(helper, setpoint=1400.0)}
    for at, meter in [(1.0, 0.0), (2.0, -1000.0), (3.0, -400.0), (4.0, 0.0)]:
        view = replace(seen, at=at, read_at=at, meter=meter, load=meter + 1400.0, batteries=raised)
        state, _ = step(state, view, there, RULES)
        assert state.seen.loads[-1][1] == 2800.0


# The node around it.


def lines(*records):
    return {"left": [(0, records[0])], "right": [(0, records[1])]}


def outlook(at, meter, **batteries):
    return at, Outlook(
        at=at, meter=meter, load=meter, target=meter, batteries=batteries, read_at=at
    )


def test_it_hears_what_the_batteries_tell():
    own = Battery(power=2500.0, soc=70.0, self_regulating=True, online=True)
    idle = Battery(power=0.0, soc=50.0, self_regulating=False, online=True)
    line = [
        outlook(at, 1000.0, left=able(available=False), right=able(soc=50.0))
        for at in (0.0, 1.0, 20.0)
    ]
    said = play(auto_and_helpers, line, batteries=lines(own, idle))
    assert dict(said[0][1].watts) == {
        "right": pytest.approx(1000.0)
    }  # what the other one cannot: at once
    assert said[0][1].reasons["left"] == "in Auto: the fullest"
    assert dict(said[-1][1].watts) == {"right": pytest.approx(1600.0)}


@pytest.mark.parametrize(
    "record", [Battery(online=False, power=9.0), Battery(setpoint=3.0), Battery(soc=50.0)]
)
def test_who_is_away_or_has_measured_nothing_yet_is_not_counted(record):
    from nodes._helpers.fleet import Fleet

    fleet = Fleet({"left": None})
    fleet.hear("left", record, 0.0)
    assert members(outlook(0.0, 1.0, left=able())[1], fleet, RULES) == {}


def test_a_limit_that_a_battery_tells_counts():
    own = Battery(
        power=800.0, soc=70.0, self_regulating=True, max_discharge=800.0, max_charge=800.0
    )
    idle = Battery(power=0.0, soc=50.0)
    line = [outlook(at, 0.0, left=able(available=False), right=able(soc=50.0)) for at in (0.0, 9.0)]
    said = play(auto_and_helpers, line, batteries=lines(own, idle))
    assert dict(said[-1][1].watts) == {"right": 320.0}  # 60 % of 800 W are its part


@settings(deadline=None)
@given(OUTLOOKS, st.fixed_dictionaries({n: st.lists(RECORDS, max_size=4) for n in NAMES}))
def test_one_plan_per_outlook_all_within_limits_of_one_sign(line, told):
    batteries = {
        name: [(float(at), record) for at, record in enumerate(records)]
        for name, records in told.items()
    }
    read = [(at, replace(view, read_at=at)) for at, view in line]
    said = play(auto_and_helpers, read, batteries=batteries)
    assert [at for at, _ in said] == [at for at, _ in line]
    for _, plan in said:
        assert is_finite(plan)
        assert all(abs(watts) <= 2500.0 + 1e-6 for watts in plan.watts.values())
        assert len({math.copysign(1.0, watts) for watts in plan.watts.values() if watts}) <= 1
        assert plan.watts.keys() <= plan.reasons.keys()
