"""What only a simulation knows: what will come of what was said."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.sim.twins import Twins, open_twins

PLANT = """
house: {profile: quiet, base: 100W, noise: 0W}
meter: {}
left: {soc: 60%}
right: {kind: udp, soc: 20%, gain: 80%, lost_writes: 0%}
"""


def stand_up(folder: Path, text: str = PLANT, **more: object) -> Twins:
    file = folder / "plant.yaml"
    file.write_text(text)
    return open_twins(file, **more)


@given(seed=st.integers(0, 10_000))
def test_what_is_expected_is_what_happens(tmp_path_factory, seed):
    twins = stand_up(tmp_path_factory.mktemp("plant"))
    random, now = Random(seed), 0.0
    twin = twins.twin(random.choice(("left", "right")))
    for _ in range(4):
        now += random.uniform(1.0, 5.0)
        twins.advance(now)
        most = random.choice((3000, 40))
        twin.command(random.uniform(-most, most))
    now += random.uniform(2.5, 3.0)  # until the gateway took the newest
    twins.advance(now)
    times = [now + random.uniform(0, 12) for _ in range(5)]
    expected = [twin.expected(time) for time in times]
    twins.advance(max(times))
    assert [twin.power(time) for time in times] == pytest.approx(expected)


def test_what_it_can_do_follows_its_faults(tmp_path):
    fault = "{soc: 60%, faults: [{after: 5s, lasts: 5s, cap: 300W, gain: 50%}]}"
    away = "{faults: [{after: 5s, lasts: 5s, offline: true}]}"
    twins = stand_up(tmp_path, f"meter: {{}}\nleft: {fault}\nright: {away}")
    left, right = twins.twin("left"), twins.twin("right")
    twins.advance(1.5)
    assert (left.able(), right.able()) == ((2500, 2500), (2500, 2500))
    assert right.listens()
    twins.advance(6.0)
    assert (left.able(), left.reached(), right.able()) == ((300, 300), (300, 300), (0, 0))
    assert not right.listens()


def test_what_is_known_better_of_a_battery_takes_the_place_of_the_file(tmp_path):
    twins = stand_up(tmp_path, known={"left": {"soc": 33.0, "dead_time": 3.0, "lag": 2.0}})
    assert twins.twin("left").soc == pytest.approx(33)
    assert twins.twin("left").timing == (3.0, 2.0)
    assert twins.twin("right").soc == pytest.approx(20)


def test_a_reading_tells_when_it_was_taken(tmp_path):
    twins = stand_up(tmp_path)
    due, said = 0.0, set[str]()
    while "meter" not in said:
        due = twins.next_due()
        said = {name for _, name, _ in twins.advance(due)}
    assert 0.7 * 0.8 <= due - twins.taken <= 0.7 * 1.2
