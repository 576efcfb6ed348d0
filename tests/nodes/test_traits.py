"""What stays true of a battery is learned from settled measurements, kept, and told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl import Store
from nodes._helpers.law.belief import ability, believe
from nodes._helpers.law.memory import Memory
from nodes._helpers.law.traits import Traits
from tests.nodes.small_house import LOG, Cell, SmallHouse
from tests.nodes.test_witness import NEVER, RATED, Unit, idle, settled


def begun(store, name="left"):
    """What a predictor begins with."""
    return Memory(store, LOG).belief(name, 3.5, 1.5, RATED)


def saved(belief, store):
    Memory(store, LOG).keep({"left": belief}, 0.0)
    return dict(store)


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
    unit.belief = unit.belief._replace(facts=unit.belief.facts._replace(soc=soc))
    unit.part = 0.95
    unit.tell(watts)
    unit.run(300)
    assert unit.belief.traits.gain == pytest.approx(1.0, abs=0.02)


# The store.


def test_an_old_store_is_read():
    belief = begun(Store({"left": {"dead_time": 2.5, "lag": 1.0}}))
    assert (belief.dead, belief.lag, belief.traits) == (2.5, 1.0, Traits())


NONSENSE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.floats())
)


@given(st.dictionaries(st.sampled_from(["dead_time", "lag", *Traits._fields]), NONSENSE))
def test_nonsense_in_the_store_does_no_harm(kept):
    belief = begun(Store({"left": kept}))
    assert 0 < belief.dead <= 15
    assert 0 < belief.lag <= 4
    assert 0 < belief.traits.gain <= 1.5


def test_each_number_is_dropped_on_its_own():
    belief = begun(Store({"left": {"dead_time": "soon", "lag": 1.0, "gain": 0.6}}))
    assert (belief.dead, belief.lag, belief.traits.gain) == (3.5, 1.0, 0.6)


def test_what_is_kept_is_taken_up_again():
    store = Store()
    belief = believe(2.5, 1.0, RATED, Traits(gain=0.62))
    assert saved(belief, store) == {"left": {"dead_time": 2.5, "lag": 1.0, "gain": 0.62}}
    assert begun(store).traits == belief.traits
    assert begun(store).witness.part == 0.62


def test_nothing_is_written_when_nothing_has_changed_much():
    store = Counted()
    memory = Memory(store, LOG)
    for minute, gain in enumerate([1.0, 0.97, 0.6, 0.62, 0.57, 0.6, 0.98, 1.0]):
        memory.keep({"left": believe(2.5, 1.0, RATED, Traits(gain=gain))}, 60.0 * minute)
    assert store.writes == 3
    assert dict(store) == {"left": {"dead_time": 2.5, "lag": 1.0}}


# The closed loop.


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
