"""A meter that repeats itself while batteries move is not heard; one that rightly does, is."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from reactivex import Subject

from flowctl import Battery
from nodes._helpers.law.knowing.belief import believe
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.seeing.standing import (
    FAR,
    HELD,
    LATE,
    RENEWS,
    Standing,
    begun,
    ended,
    repeated,
)
from tests.nodes.metered_house import Metered, Shows, renewed, restless, rounded, two
from tests.nodes.small_house import Cell, SmallHouse

REPEATS = "the meter repeats"


def frozen(since: float, until: float) -> Shows:
    held, chance = list[float](), random.Random(2)

    def shows(watts: float, now: float) -> float:
        if since <= now < until:
            return held[-1]
        held.append(round(watts + chance.gauss(0, 3)))
        return held[-1]

    return shows


def words(caplog) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.getMessage().startswith("the meter")
    ]


def stepping(before, after):
    """A load that steps two seconds and a half before the meter freezes."""
    return lambda now: before if now < 118 else after


def test_a_frozen_meter_drives_no_battery_to_full_power_and_sets_them_free(caplog):
    """600 W more are drawn; before they are served the meter freezes for a minute."""
    house = Metered(two(), stepping(300.0, 900.0), frozen(120.5, 180.5))
    with caplog.at_level("INFO"):
        house.live(180)
    assert min(house.grid) > -2500  # it was 4 kW, and for most of the minute
    assert house.outlooks[-1].at < 150
    assert house.most < 1
    assert [line[:17] for line in words(caplog)] == [REPEATS]
    with caplog.at_level("INFO"):
        house.live(60)
    assert words(caplog)[1:] == ["the meter moves again, and is heard"]
    assert house.mean(20) < 15


def test_it_is_noticed_with_one_battery_and_while_charging(caplog):
    load = stepping(-300.0, -900.0)
    with caplog.at_level("INFO"):
        house = Metered({"left": Cell()}, load, frozen(120.5, 999)).live(180)
    assert [line[:17] for line in words(caplog)] == [REPEATS]
    assert house.most < 1


HEALTHY = {
    "1 W": (rounded(1), 1.0, restless(-2000, 3000)),
    "10 W": (rounded(10), 1.0, restless(-2000, 3000)),
    "100 W": (rounded(100), 1.0, restless(-2000, 3000)),
    "10 W each 10 s": (rounded(10), 10.0, restless(-2000, 3000)),
    "each 10 s, read each second": (renewed(10), 1.0, restless(-2000, 3000, 97)),
    "each 10 s, read thrice a second": (renewed(10), 0.3, restless(-2000, 3000, 97)),
    "each second, read thrice": (renewed(1, 1.0), 0.3, restless(-2000, 3000)),
    "tells no export": (lambda watts, _: max(0.0, round(watts)), 1.0, restless(-2000, 3000)),
    "ends at 6 kW": (
        lambda watts, _: min(6000.0, watts),
        1.0,
        lambda now: 15e3 if now % 180 > 90 else 300.0,
    ),
    "at rest": (rounded(10), 1.0, lambda _: 600.0),
}


@pytest.mark.parametrize(("target", "tell"), [(0.0, 1.0), (200.0, 8.0)])
@pytest.mark.parametrize(("shows", "every", "load"), HEALTHY.values(), ids=HEALTHY)
def test_a_meter_that_rightly_repeats_is_heard(caplog, shows, every, load, target, tell):
    house = Metered(two(), load, shows, every, target=target)
    house.tell_every = tell
    with caplog.at_level("INFO"):
        house.live(600)
    assert not words(caplog)


def hidden(load: float) -> tuple[Callable[[float], float], list[SmallHouse]]:
    """A house in which something else, unknown here, holds the meter at its zero."""
    houses, given = list[SmallHouse](), [0.0]

    def left(_now: float) -> float:
        if houses and houses[0].grid:
            given[0] += 0.2 * houses[0].grid[-1]
        return load - given[0]

    return left, houses


@pytest.mark.parametrize("shows", [rounded(1), rounded(10), rounded(20), renewed(10)])
@pytest.mark.parametrize("every", [1.0, 10.0])
def test_a_zero_that_another_one_holds_is_heard(caplog, shows, every):
    load, houses = hidden(500.0)
    wanted = Subject()
    house = Metered(two(), load, shows, every, target_from=wanted)
    houses.append(house)
    with caplog.at_level("INFO"):
        for watts in (0.0, 1500.0, -1500.0) * 3:
            wanted.on_next(watts)
            house.live(45)
    assert not words(caplog)


Line = list[tuple[float, Battery]]
SINCE = 20.0  # s: the reading is new, and the same from then on


def tells(*powers: tuple[float, float], each: float = 2.0, until: float = 60.0) -> Line:
    """Telemetry of a battery whose power changes at these times."""
    times = [each * k for k in range(int(until / each))]
    return [(at, Battery(power=[w for t, w in powers if t <= at][-1])) for at in times]


def frozen_after(watts: float = 600.0, renews: float = 1.0, **lines: Line) -> float | None:
    """How long a reading had been the same when it was called frozen."""
    standing = Standing(SINCE, renews)
    beliefs = {name: believe(2.0, 1.0, 2500.0) for name in lines}
    for at in range(60):
        for name, line in lines.items():
            for told, record in line:
                if at - 1 < told <= at:
                    beliefs[name] = hear(beliefs[name], record, told)
        if at > SINCE:
            standing = repeated(standing, beliefs, watts, float(at))
        if standing.frozen:
            return at - SINCE
    return None


def order(at: float, watts: float) -> Line:
    return [(at, Battery(setpoint=watts))]


RISES = tells((0, 0), (28, 600)) + order(26, 600)
CASES = {
    "it rises": ({"left": RISES}, True),
    "told at once": ({"left": tells((0, 0), (23.5, 600), each=1) + order(20.5, 600)}, True),
    "it charges": ({"left": tells((0, 0), (28, -600)) + order(26, -600)}, True),
    "beside one at rest": ({"left": RISES, "right": tells((0, 100))}, True),
    "beside one without telemetry": ({"left": RISES, "right": order(1, 300)}, True),
    "at rest": ({"left": tells((0, 300))}, False),
    "a little": ({"left": tells((0, 0), (28, 200)) + order(26, 200)}, False),
    "told, and does nothing": ({"left": tells((0, 0)) + order(26, 600)}, False),
    "does, and was not told": ({"left": tells((0, 0), (28, 600)) + order(1, 0)}, False),
    "was on its way": ({"left": tells((0, 0), (24, 600)) + order(19, 600)}, False),
    "tells late": ({"left": tells((0, 0), (32, 600), each=8) + order(19, 600)}, False),
    "no telemetry": ({"left": order(26, 600)}, False),
    "hands over": (
        {"left": RISES, "right": tells((0, 600), (28, 0)) + order(1, 600) + order(26, 0)},
        False,
    ),
    "hands over to one that tells late": (
        {"left": RISES, "right": tells((0, 600), (56, 0), each=8) + order(1, 600) + order(26, 0)},
        False,
    ),
    "hands over to one that tells nothing": (
        {"left": RISES, "right": order(1, 600) + order(26, 0)},
        False,
    ),
    "beside one that follows the meter": (
        {"left": RISES, "right": [(0, Battery(power=0.0, self_regulating=True))]},
        False,
    ),
}


@pytest.mark.parametrize(("lines", "is_frozen"), CASES.values(), ids=CASES)
def test_only_batteries_that_have_surely_moved_speak_against_a_reading(lines, is_frozen):
    for name, line in lines.items():
        lines[name] = sorted(line, key=lambda told: told[0])
    assert (frozen_after(**lines) is not None) is is_frozen


@pytest.mark.parametrize(
    ("flights", "told_at"),
    [
        ((), 21.0),  # it was seen to give more, of late: by telemetry as old as that may be
        (((19.0, 600.0),), 25.0),  # or was on its way, and its telemetry is older than it may be
    ],
)
def test_what_a_battery_did_before_the_reading_speaks_for_nothing(flights, told_at):
    rests = replace(believe(2.0, 1.0, 2500.0), measured_at=18.0, poll=4.0)
    before = replace(rests, power=0.0, expected=sum(w for _, w in flights), flights=flights)
    after = replace(before, power=600.0, expected=600.0, flights=())
    seen = [
        (21.0, before),
        (told_at, replace(before, measured_at=told_at)),
        (told_at + 0.1, replace(after, measured_at=told_at)),
        (40.0, replace(after, measured_at=40.0)),
        (60.0, replace(after, measured_at=60.0)),
    ]
    standing = Standing(SINCE, 1.0)
    for at, belief in seen:
        standing = repeated(standing, {"left": belief}, 600.0, at)
    assert not standing.frozen


def test_the_meter_has_its_time():
    rises = sorted(RISES, key=lambda told: told[0])
    moved = 28 - SINCE
    assert frozen_after(left=rises) == moved + 1 + LATE
    assert frozen_after(left=rises, renews=10.0) == moved + 10 + LATE
    for watts in (HELD, -HELD, FAR, 0.0):
        assert frozen_after(watts, left=rises) is None


def test_how_long_a_reading_stands_is_learned():
    first = begun(Standing(), began_at=0.0, since=0.0, period=1.0)
    assert first.renews == RENEWS  # nothing is known
    slow = begun(ended(ended(first, 3.0)._replace(since=3.0), 13.0), 0.0, 13.0, 1.0)
    assert 10 <= slow.renews <= RENEWS
    for k in range(2, 20):
        slow = begun(ended(slow, 10.0 * k + 3), 0.0, 10.0 * k + 3, 1.0)
    assert slow.renews == 10
    quick = begun(ended(slow, 203.0), 0.0, 206.0, 1.0)  # others came between
    assert quick.renews == 1
    assert ended(quick._replace(frozen=True), 290.0).renews == 1
