"""The meter that a self-regulating battery is shown: what is missing, and that only once."""

import math

from hypothesis import given
from hypothesis import strategies as st

from nodes._helpers.virtual_meter import VirtualMeter
from nodes.sim.b2500 import B2500


class Unit:
    """An output that follows at once."""

    power = 0.0
    soc = 50.0
    capacity = 2240.0
    online = True

    def command(self, watts):
        self.power = watts


def played(wants, *, poll, every=5.0, reading=1.0, until=120.0, topic=True):
    """Outputs over time of a B2500 that polls what it is shown; `topic`: what was said last."""
    unit = Unit()
    storage, meter = B2500(unit), VirtualMeter(step=34.0)
    due = {"poll": 0.3, "tell": 0.5, "read": 0.0}
    shown, line = 0.0, []
    while (now := min(due.values())) < until:
        what = min(due, key=due.__getitem__)
        if what == "tell":
            meter = meter.measured(unit.power, now)
            due[what] += every
        elif what == "read":
            meter = meter.wanting([watts for at, watts in wants if at <= now][-1])
            if topic:
                meter, shown = meter.read(now)
            due[what] += reading
        else:
            if not topic:
                meter, shown = meter.read(now)
            storage.follow(round(shown))
            due[what] += poll
        line.append((now, unit.power))
    return line


def at(line, time):
    return [watts for when, watts in line if when <= time][-1]


def test_what_was_shown_once_is_not_shown_again():
    meter = VirtualMeter().wanting(300.0).measured(100.0, 0.0)
    meter, first = meter.read(0.0)
    meter, second = meter.read(1.0)
    assert (first, second) == (200.0, 0.0)
    assert meter.expected == 300.0


def test_a_measurement_older_than_the_last_reading_does_not_undo_it():
    meter = VirtualMeter().wanting(300.0).measured(100.0, 0.0)
    meter, _ = meter.read(10.0)
    meter = meter.measured(100.0, 10.5)  # taken before it could follow
    assert meter.read(10.6)[1] == 0.0
    assert meter.measured(100.0, 12.0).read(12.1)[1] == 200.0


def test_nothing_is_shown_before_anything_is_known():
    assert VirtualMeter().wanting(300.0).read(0.0)[1] == 0.0
    assert VirtualMeter().measured(100.0, 0.0).read(0.0)[1] == 0.0
    assert VirtualMeter().wanting(300.0).measured(1.0, 0.0).unknown().read(1.0)[1] == 0.0


def test_polls_that_come_sooner_than_the_throttle_see_nothing_to_change():
    meter = VirtualMeter(throttle=5.0).wanting(300.0).measured(100.0, 0.0)
    shown = []
    for second in range(11):
        meter = meter.measured(100.0, second + 0.9) if second in (4, 9) else meter
        meter, watts = meter.read(float(second))
        shown.append(watts)
    assert shown == [200.0, *[0.0] * 4, 200.0, *[0.0] * 4, 200.0]


def test_what_is_less_than_a_step_is_left_alone():
    meter = VirtualMeter(step=34.0).wanting(300.0).measured(285.0, 0.0)
    assert meter.read(0.0)[1] == 0.0


def test_one_that_is_to_stop_is_shown_more_than_it_gives():
    meter = VirtualMeter(step=34.0).wanting(0.0).measured(20.0, 0.0)
    meter, shown = meter.read(0.0)
    assert shown == -54.0
    assert meter.expected == 0.0


def test_one_that_nobody_measures_is_taken_to_do_what_it_is_shown():
    meter = VirtualMeter(step=34.0, blind=True).wanting(100.0)
    shown = []
    for second in range(5):
        meter, watts = meter.read(float(second))
        shown.append(watts)
    assert shown == [100.0, 66.0, 32.0, 0.0, 0.0]
    assert meter.expected == 102.0


def test_one_that_nobody_measures_is_stopped_for_certain():
    meter = VirtualMeter(step=34.0, blind=True).wanting(0.0)
    for second in range(3):
        meter, watts = meter.read(float(second))
        assert watts == -34.0
    assert meter.expected == 0.0


def test_it_accepts_no_faster_than_it_can_and_lets_go_at_once():
    meter, accepted = VirtualMeter(step=34.0).measured(100.0, 0.0).wanting(200.0), []
    for second in range(5):
        accepted.append(meter.accepted)
        meter, _ = meter.read(float(second))
    assert accepted == [100.0, 134.0, 168.0, 200.0, 200.0]
    meter, _ = meter.wanting(50.0).read(6.0)
    assert meter.accepted == 50.0


def test_a_storage_reaches_what_is_wanted_however_rarely_it_polls():
    for poll in (0.9, 1.0, 2.0, 3.1, 5.0):
        line = played([(0, 300.0)], poll=poll)
        assert abs(at(line, 119) - 300) <= 34, poll
        assert max(watts for _, watts in line) <= 300 + 17, poll


def test_a_storage_that_polls_each_second_is_there_as_fast_as_it_can():
    line = played([(0, 300.0), (60, 0.0)], poll=1.0)
    assert at(line, 12) >= 270
    assert at(line, 75) == 0.0


def test_polled_directly_it_overshoots_by_half_a_step_at_most():
    line = played([(0, 650.0), (60, 120.0)], poll=1.0, topic=False)
    assert abs(at(line, 59) - 650) <= 17
    assert max(watts for _, watts in line) <= 650 + 17
    assert min(watts for when, watts in line if when > 40) >= 120 - 20


@given(
    st.floats(0, 800),
    st.floats(0.9, 5.0),
    st.floats(2.0, 10.0),
)
def test_no_wish_polls_or_telemetry_make_it_swing(wish, poll, every):
    line = played([(0, wish)], poll=poll, every=every, until=240.0)
    late = [watts for when, watts in line if when > 180]
    assert max(watts for _, watts in line) <= wish + 51
    assert max(late) - min(late) <= 68


@given(st.lists(st.tuples(st.sampled_from("wmru"), st.floats(-1e4, 1e4)), max_size=30))
def test_readings_are_finite_whatever_comes(steps):
    meter, now = VirtualMeter(step=34.0), 0.0
    for what, watts in steps:
        now += abs(watts) / 1e4
        match what:
            case "w":
                meter = meter.wanting(watts)
            case "m":
                meter = meter.measured(watts, now)
            case "u":
                meter = meter.unknown()
            case _:
                meter, shown = meter.read(now)
                assert math.isfinite(shown)
