"""What stays true of a battery is learned from settled measurements, kept, and told."""

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from flowctl import Battery, Log, Store
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.law.knowing.ability import ability
from nodes._helpers.law.knowing.belief import believe
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.judging import retried
from nodes._helpers.law.knowing.traits import Traits, words
from nodes._helpers.law.seeing.memory import Memory
from tests.nodes.small_house import LOG, Cell, SmallHouse
from tests.nodes.test_witness import NEVER, RATED, Unit, idle, settled

LOG_OF_TRAITS = Log("traits")


def begun(store, name="left"):
    """What a predictor begins with."""
    return Memory(store, LOG, VirtualClock()).belief(name, 3.5, 1.5, RATED)


def saved(belief, store):
    Memory(store, LOG, VirtualClock()).keep({"left": belief}, 0.0)
    return dict(store)


@dataclass
class Glitching(Unit):
    """It tells 0 W now and then, whatever it gives."""

    zeros: float = 0.0

    def measure(self) -> None:
        power = self.power
        self.power = 0.0 if self.random.random() < self.zeros else power
        super().measure()
        self.power = power


class Counted(Store):
    """A store that counts what is written."""

    def __init__(self, held=None):
        self.writes = 0
        super().__init__(held, self.count)

    def count(self, key, value):
        self.writes += 1


# The gain.


@pytest.mark.parametrize("part", [0.6, 0.8, 1.0, 1.05])
def test_the_gain_is_a_number_and_a_quiet_battery_tells_it(part):
    unit = idle(every=2.0, part=part)
    for watts in (1000.0, 600.0, -400.0, 300.0) * 5:
        limit = unit.belief.charge if watts < 0 else unit.belief.discharge
        unit.tell(math.copysign(min(abs(watts), limit.watts), watts))
        unit.run(40)
    assert unit.belief.traits.gain == pytest.approx(part, abs=0.03)
    assert ability(unit.belief).gain == unit.belief.traits.gain


def test_a_constant_gain_is_no_shortfall_after_a_restart():
    unit = Unit(every=2.0, part=0.6, belief=believe(2.4, 1.0, RATED, Traits(gain=0.6)))
    unit.tell(0.0)
    unit.run(12)
    for watts in (1000.0, 100.0, -800.0, 50.0, 2000.0):
        unit.tell(watts)
        unit.run(30)
    assert unit.cut_at == NEVER
    assert unit.belief.traits.gain == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("part", [0.7, 1.0])
def test_who_is_written_to_each_three_seconds_tells_its_gain_too(part):
    """Each write is some W off the last one: so it is where the newest wish is written anew."""
    unit = Unit(every=4.0, part=part, belief=believe(2.4, 1.0, RATED, Traits(gain=0.6)))
    for turn in range(20):
        unit.tell(1000.0 + 3.0 * (-1) ** turn)
        unit.run(3)
    assert unit.belief.traits.gain == pytest.approx(part, abs=0.05)


def test_small_powers_do_not_tell_the_gain():
    """60 W instead of 100 W lie within what a measurement may be off."""
    unit = idle(every=2.0, part=0.6, belief=believe(2.4, 1.0, RATED, Traits(gain=0.6)))
    for watts in (40.0, 70.0) * 10:
        unit.tell(watts)
        unit.run(20)
    unit.tell(1000.0)
    unit.run(30)
    assert unit.cut_at == NEVER


def test_a_ceiling_says_nothing_of_the_gain():
    unit = settled(every=2.0)
    unit.most = 280.0
    unit.run(20)
    for _ in range(20):
        unit.tell(300.0)
        unit.run(20)
    assert unit.belief.discharge.watts == pytest.approx(280.0, abs=5)
    assert unit.belief.traits.gain == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("soc", "watts"), [(12.0, 1000.0), (95.0, -1000.0)])
def test_nor_does_a_battery_that_is_nearly_empty_or_full(soc, watts):
    unit = settled(every=2.0)
    unit.belief = replace(unit.belief, facts=unit.belief.facts._replace(soc=soc))
    unit.part = 0.95
    unit.tell(watts)
    unit.run(300)
    assert unit.belief.traits.gain == pytest.approx(1.0, abs=0.02)


# The smallest power.


def small(watts, **given):
    """One that was told so much for half a minute."""
    unit = settled(**{"every": 2.0, "least": 80.0} | given)
    unit.tell(watts)
    return unit.run(30)


@pytest.mark.parametrize("idle", [-12.0, 0.0, 8.0])
@pytest.mark.parametrize("watts", [-60.0, 60.0])
def test_who_gives_nothing_when_told_little_has_a_smallest_power_and_no_ceiling(watts, idle):
    unit = small(watts, idle=idle)
    assert unit.cut_at == NEVER
    assert 60 < unit.belief.traits.min_power <= 80
    assert ability(unit.belief).min_power == unit.belief.traits.min_power


def test_nothing_else_is_asked_of_it_until_it_is_seen_to_hold_that():
    unit = small(40.0)
    asked = [40.0]
    while unit.belief.traits.min_power > asked[-1]:
        asked.append(unit.belief.traits.min_power)
        unit.tell(asked[-1])
        unit.run(30)
    assert 80 <= asked[-1] <= 100
    assert len(asked) <= 6
    assert unit.cut_at == NEVER


@pytest.mark.parametrize("watts", [30.0, 54.0])
def test_who_lifts_little_has_a_smallest_power(watts):
    unit = small(watts, lifts=True)
    assert unit.belief.traits.min_power == pytest.approx(80, abs=4)


def test_a_smallest_power_that_is_told_counts_if_it_is_larger():
    unit = small(60.0)
    for told, counts in ((200.0, 200.0), (20.0, unit.belief.traits.min_power)):
        belief = hear(unit.belief, Battery(min_power=told), unit.now)
        assert ability(belief).min_power == counts


def test_panels_of_its_own_do_not_lift_it():
    unit = settled(every=2.0, least=80.0, lifts=True)
    unit.belief = hear(unit.belief, Battery(pv_power=300.0), unit.now)
    unit.tell(30.0)
    unit.run(30)
    assert unit.belief.traits.min_power == 0


@pytest.mark.parametrize("soc", [12.0, 18.0])
def test_one_that_is_nearly_empty_rests_for_another_reason(soc):
    unit = settled(every=2.0, least=80.0)
    unit.belief = hear(unit.belief, Battery(soc=soc), unit.now)
    unit.tell(60.0)
    unit.run(30)
    assert unit.belief.traits.min_power == 0
    assert unit.cut_at < NEVER


def test_one_that_gives_nothing_at_all_has_a_ceiling():
    unit = settled(every=2.0)
    unit.most = 0.0
    unit.tell(60.0)
    unit.run(40)
    assert unit.belief.traits.min_power > 60
    unit.tell(1000.0)
    unit.run(30)
    assert unit.belief.discharge.watts == pytest.approx(0, abs=5)
    assert unit.belief.traits.min_power == 0


def test_one_that_held_so_little_before_rests_for_another_reason():
    unit = small(60.0, least=0.0)
    unit.most = 0.0
    unit.run(30)
    assert unit.belief.traits.min_power == 0
    assert unit.belief.discharge.watts == pytest.approx(0, abs=5)


def test_a_smallest_power_is_forgotten_when_less_is_held():
    unit = small(60.0)
    unit.least = 0.0
    unit.run(60)
    assert unit.belief.traits.min_power == 0


@pytest.mark.parametrize("watts", [0.0, 500.0])
def test_less_is_tried_again_each_hour(watts):
    unit = small(60.0)
    before = unit.belief.traits.min_power
    unit.tell(watts)
    unit.run(20)
    unit.belief = replace(unit.belief, least=unit.belief.least._replace(known_at=-3600.0))
    unit.run(20)
    assert unit.belief.traits.min_power == pytest.approx(0.8 * before, abs=1)


@settings_of(max_examples=40, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(2.0, 12.0), st.floats(-200, 200)), min_size=3, max_size=20),
    st.floats(0.3, 4.0),
    st.sampled_from([0.3, 1.0, 2.0, 4.0]),
    st.sampled_from([0.0, 3.0, 15.0]),
    st.sampled_from([0.0, 0.03]),
    st.integers(0, 99),
)
def test_a_healthy_battery_has_none_however_little_it_is_told(
    commands, dead, every, noise, zeros, seed
):
    """Noise, wake-up and a false zero now and then make none."""
    unit = Glitching(dead=dead, every=every, noise=noise, random=Random(seed), zeros=zeros)
    unit.tell(0.0)
    unit.run(12)
    for gap, watts in commands:
        unit.tell(watts)
        unit.run(gap)
    assert unit.belief.traits.min_power == 0


# What people hear.


def test_it_is_told_in_words_and_only_what_is_not_plain():
    assert words(0.62, 83.0, 0.4, -0.5) == (
        "gives 60% of what it is told",
        "gives nothing below 85W",
    )
    assert words(0.93, 0.0, 0.0, 0.0) == ()
    assert words(1.0, 0.0, 2.2, 4.9) == (
        "takes 2s more to start up",
        "tells of itself 5s after the meter",
    )
    assert words(1.2, 0.0, 0.0, 0.0) == ("gives 120% of what it is told",)


def test_what_was_learned_is_logged_as_it_changes(caplog):
    memory = Memory(Store(), LOG_OF_TRAITS, VirtualClock())
    with caplog.at_level("INFO"):
        for minute, traits in enumerate([(1.0, 0.0), (0.6, 0.0), (0.61, 80.0), (1.0, 0.0)]):
            memory.keep({"left": believe(2.5, 1.0, RATED, Traits(*traits))}, 60.0 * minute)
    assert [record.getMessage() for record in caplog.records] == [
        "left: gives 60% of what it is told",
        "left: gives 60% of what it is told, gives nothing below 80W",
        "left: gives what it is told",
    ]


# The store.


def test_an_old_store_is_read():
    belief = begun(Store({"left": {"dead_time": 2.5, "lag": 1.0}}))
    assert (belief.dead, belief.lag, belief.traits) == (2.5, 1.0, Traits())


NONSENSE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.floats())
)


KEYS = ["dead_time", "lag", "charge", "discharge", *Traits._fields]


@given(st.dictionaries(st.sampled_from(KEYS), NONSENSE))
def test_nonsense_in_the_store_does_no_harm(kept):
    belief = begun(Store({"left": kept}))
    assert 0 < belief.dead <= 15
    assert 0 < belief.lag <= 4
    assert 0 < belief.traits.gain <= 1.5
    assert 0 <= belief.traits.min_power < 500
    assert 0 <= belief.traits.start_up <= 30
    assert -30 <= belief.traits.behind <= 30
    assert min(belief.charge.watts, belief.discharge.watts) >= 0


def test_each_number_is_dropped_on_its_own():
    belief = begun(Store({"left": {"dead_time": "soon", "lag": 1.0, "gain": 0.6}}))
    assert (belief.dead, belief.lag, belief.traits.gain) == (3.5, 1.5, 0.6)  # a timing is a pair


def test_what_is_kept_is_taken_up_again():
    store = Store()
    traits = Traits(gain=0.62, min_power=80.0, start_up=3.4, behind=-0.8)
    belief = believe(2.5, 1.0, RATED, traits)
    assert saved(belief, store) == {"left": {"dead_time": 2.5, "lag": 1.0} | traits._asdict()}
    assert begun(store).traits == belief.traits
    assert begun(store).witness.part == 0.62


def test_nothing_is_written_when_nothing_has_changed_much():
    store = Counted()
    memory = Memory(store, LOG, VirtualClock())
    for minute, gain in enumerate([1.0, 0.97, 0.6, 0.62, 0.57, 0.6, 0.98, 1.0]):
        memory.keep({"left": believe(2.5, 1.0, RATED, Traits(gain=gain))}, 60.0 * minute)
    assert store.writes == 3
    assert dict(store) == {"left": {"dead_time": 2.5, "lag": 1.0}}


def derated(watts=300.0, since=-20.0, proven=None):
    belief = believe(2.5, 1.0, RATED)
    return replace(belief, discharge=Ceiling(watts, since, watts if proven is None else proven))


def test_a_ceiling_is_taken_up_again_soon_after():
    store, clock = Store(), VirtualClock()
    clock.advance(100.0)
    Memory(store, LOG, clock).keep({"left": derated(since=80.0)}, 100.0)
    later = VirtualClock(clock.wall() + timedelta(seconds=60))
    belief = Memory(store, LOG, later).belief("left", 3.5, 1.5, RATED)
    assert (belief.discharge, belief.charge) == (Ceiling(300.0, -80.0, 300.0), Ceiling())
    assert ability(belief).can_discharge == 300.0
    assert retried(belief, False, hungry=False, at=35.0) is belief
    assert retried(belief, False, hungry=False, at=41.0).discharge.watts == pytest.approx(395.0)


@pytest.mark.parametrize("after", [-3600.0, 700.0, 1e8])
def test_an_old_ceiling_says_nothing_of_now(after):
    store = Store()
    saved(derated(), store)
    later = VirtualClock(VirtualClock().wall() + timedelta(seconds=after))
    assert Memory(store, LOG, later).belief("left", 3.5, 1.5, RATED).discharge == Ceiling()


@pytest.mark.parametrize(
    "ceiling",
    [Ceiling(), Ceiling(2600.0, 0.0, 2550.0), Ceiling(300.0, 0.0, 300.0, against=True)],
)
def test_what_does_not_bind_is_not_kept(ceiling):
    store = Store()
    saved(replace(derated(), discharge=ceiling), store)
    assert "discharge" not in store["left"]


def test_what_is_only_tried_is_not_kept():
    store = Store()
    saved(derated(550.0, proven=300.0), store)
    assert store["left"]["discharge"][0] == 300


def test_a_ceiling_that_goes_up_and_down_costs_few_writes():
    """Cut to about the same each two minutes, as one is that stays derated, for an hour."""
    store, clock = Counted(), VirtualClock()
    memory = Memory(store, LOG, clock)
    for minute in range(60):
        at = clock.time()
        tried = minute % 2 == 0
        belief = derated(550.0 if tried else 290.0 + minute % 3, at - 5.0, 300.0)
        memory.keep({"left": belief}, at)
        clock.advance(60.0)
    assert store.writes <= 13


# The closed loop.


def test_a_kept_timing_outlives_starts_out_of_standby():
    """Each start looks slower, and each short run would keep what that looked like."""
    store = Store()

    def house(slower: float = 0.0) -> SmallHouse:
        cells = {"left": Cell(dead=1.2 + slower), "right": Cell(dead=2.4 + slower, lag=1.2)}
        return SmallHouse(cells, lambda t: 300.0 + 900.0 * (t % 80 > 40), store)

    house().run(600).stop()
    learned = {name: dict(store[name]) for name in ("left", "right")}
    for _ in range(3):
        again = house(slower=2.0).run(20)
        for cell in again.cells.values():
            cell.dead -= 2.0
        again.run(40).stop()
        assert {name: dict(store[name]) for name in learned} == learned
        late = again.outlooks[-1].batteries
        for name, kept in learned.items():
            assert late[name].dead_time == pytest.approx(kept["dead_time"], abs=1.0)


def test_a_kept_timing_is_learned_anew_when_the_battery_has_changed():
    store = Store({"left": {"dead_time": 6.0, "lag": 2.0}})
    house = SmallHouse({"left": Cell()}, lambda t: 300.0 + 900.0 * (t % 60 > 30), store).run(600)
    assert house.outlooks[-1].batteries["left"].dead_time <= 3.0
    house.stop()
    assert store["left"]["dead_time"] <= 3.0


def test_a_house_keeps_the_gain_over_a_restart():
    store = Store()

    def house():
        cells = {"left": Cell(gain=0.6), "right": Cell(dead=3.0)}
        return SmallHouse(cells, lambda t: 300.0 + 900.0 * (t % 80 > 40), store)

    first = house().run(900)
    assert first.outlooks[-1].batteries["left"].gain == pytest.approx(0.6, abs=0.05)
    assert store["left"]["gain"] == pytest.approx(0.6, abs=0.05)
    again = house().run(300)
    assert again.outlooks[0].batteries["left"].gain == store["left"]["gain"]
    cuts = [o for o in again.outlooks if o.batteries["left"].can_discharge < 2500.0]
    assert cuts == []


@pytest.mark.parametrize("gains", [(1.1, 1.0), (1.3, 1.3), (1.5, 1.0)])
def test_who_gives_more_than_it_is_told_is_not_asked_for_more(gains):
    """What it gives in excess was taken for load, and asked for: 100 W were exported."""
    left, right = gains
    cells = {"left": Cell(gain=left), "right": Cell(dead=2.4, lag=1.2, gain=right)}
    house = SmallHouse(cells, lambda t: 400.0 + 1500.0 * (t % 600 > 300)).run(1200)
    assert house.mean(250) < 15
    assert house.outlooks[-1].batteries["left"].gain == pytest.approx(left, abs=0.05)
    house.load = lambda t: 2000.0
    house.run(90)
    house.cells["left"].gain = 1.0
    house.run(120)
    assert house.mean(30) < 15


def evening(at):
    return 500.0 if at < 60 else 60.0


@pytest.mark.parametrize("lifts", [False, True])
def test_small_powers_go_to_the_battery_that_holds_them(lifts):
    cells = {"left": Cell(least=80.0, lifts=lifts), "right": Cell(dead=3.0)}
    house = SmallHouse(cells, evening).run(400)
    assert house.mean(120) < 15
    assert house.given["left"] == pytest.approx(0.0, abs=1)
    assert house.given["right"] == pytest.approx(60.0, abs=15)
    assert all(o.batteries["left"].can_discharge == 2500.0 for o in house.outlooks)


@pytest.mark.parametrize("lifts", [False, True])
def test_what_covers_for_others_is_no_less_than_a_battery_holds(lifts):
    """Told 40 W for a second or two it would give nothing, or 150 W."""
    chance, least = Random(1), {"left": 150.0, "right": 80.0}
    levels = [chance.uniform(-600.0, 800.0) for _ in range(41)]
    cells = {
        "left": Cell(least=150.0, lifts=lifts),
        "right": Cell(dead=3.0, least=80.0, lifts=lifts),
    }
    house = SmallHouse(cells, lambda now: levels[int(now / 20)])
    for name, watts in least.items():
        house.clock.turn(house.tells[name].on_next, Battery(min_power=watts))
    house.run(800)
    for name, cell in cells.items():
        told = [abs(watts) for _, watts in cell.sent if watts]
        assert len(told) > 20
        assert min(told) >= least[name]


def test_a_smallest_power_is_known_from_the_start_after_a_restart():
    store = Store()
    SmallHouse({"left": Cell(least=80.0), "right": Cell(dead=3.0)}, evening, store).run(400)
    assert 60 <= store["left"]["min_power"] <= 110
    again = SmallHouse(
        {"left": Cell(least=80.0), "right": Cell(dead=3.0)}, lambda t: 60.0, store
    ).run(120)
    told = [watts for _, watts in again.cells["left"].sent]
    assert all(watts == 0 or watts >= 0.95 * store["left"]["min_power"] for watts in told)
    assert again.mean(60) < 15


def test_a_lone_battery_with_a_smallest_power_does_not_swing():
    house = SmallHouse({"left": Cell(least=80.0)}, evening).run(400)
    assert house.mean(120) < 60
    late = house.grid[-1200:]
    assert max(late) - min(late) < 20


def test_one_that_gives_a_part_and_has_a_smallest_power_is_not_locked_out():
    """Told the 60 W that it gave of 100 W, it gives nothing; so that would be its ceiling."""
    cells = {"left": Cell(gain=0.6, least=80.0), "right": Cell(dead=3.0, most=400.0)}
    house = SmallHouse(cells, lambda t: 60.0 if t % 200 < 100 else 900.0).run(600)
    left = house.outlooks[-1].batteries["left"]
    assert (left.gain, left.can_discharge) == (pytest.approx(0.6, abs=0.03), 2500.0)
    assert 60 < left.min_power < 110


def test_a_derated_battery_is_not_asked_for_all_again_after_a_restart():
    store, load = Store(), 1400.0
    cells = {"left": Cell(most=300.0), "right": Cell(dead=3.0)}
    first = SmallHouse(cells, lambda t: load, store).run(60)
    assert first.outlooks[-1].batteries["left"].can_discharge == pytest.approx(300, abs=5)
    first.stop()
    cells = {name: Cell(dead=cell.dead, most=cell.most) for name, cell in cells.items()}
    later = VirtualClock(first.clock.wall() + timedelta(seconds=30))
    again = SmallHouse(cells, lambda t: load, store, later).run(35)
    assert max(watts for _, watts in again.cells["left"].sent) <= 310
