import time as system_time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.signature.node import NodeKind, read_node
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.play import play
from nodes.schedule import schedule

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FORWARD, BACK = (2026, 3, 29), (2026, 10, 25)  # clocks change at 01:00 UTC


class Calendar:
    """A schedule from a local start on; what it says is told in local and UTC hours."""

    def __init__(self, *start, zone="Europe/Amsterdam", clock=VirtualClock, **settings):
        self.zone = ZoneInfo(zone)
        self.clock = clock(datetime(*start, tzinfo=self.zone).astimezone(UTC))
        self.said = []
        stream = schedule(**settings, zone=zone, clock=self.clock)
        self.subscription = stream.subscribe(self._note)

    def hours(self, hours):
        self.clock.advance(hours * 3600)
        return self.said

    def _note(self, value):
        here = self.clock.wall().astimezone(self.zone)
        self.said.append((f"{here:%a %H:%M}", value))


def test_tells_at_the_start_and_at_every_change():
    said = Calendar(2026, 6, 1, 20, 30, between="22:00-23:15").hours(28)
    assert said == [
        ("Mon 20:30", False),
        ("Mon 22:00", True),
        ("Mon 23:15", False),
        ("Tue 22:00", True),
        ("Tue 23:15", False),
    ]


def test_a_window_goes_on_past_midnight():
    said = Calendar(2026, 6, 1, 23, 30, between="23:00-06:00").hours(24)
    assert said == [("Mon 23:30", True), ("Tue 06:00", False), ("Tue 23:00", True)]


def test_one_begun_yesterday_still_holds_at_the_start():
    assert Calendar(2026, 6, 1, 5, 59, between="23:00-06:00").hours(1)[0] == ("Mon 05:59", True)


def test_a_night_belongs_to_the_day_on_which_it_begins():
    said = Calendar(2026, 6, 5, 12, between="23:00-06:00", days="fri").hours(7 * 24 - 13)
    assert said == [("Fri 12:00", False), ("Fri 23:00", True), ("Sat 06:00", False)]


def test_days_may_be_a_range_over_the_weekend_and_a_list():
    said = Calendar(2026, 6, 1, 0, between="08:00-09:00", days="Sat-mon, wednesday").hours(7 * 24)
    assert [at for at, value in said if value] == [
        "Mon 08:00",
        "Wed 08:00",
        "Sat 08:00",
        "Sun 08:00",
    ]


@pytest.mark.parametrize("between", ["07:00-09:00, 17:00-21:00", ["07:00-09:00", "17:00-21:00"]])
def test_several_windows(between):
    said = Calendar(2026, 6, 1, 8, between=between).hours(15)
    assert [at for at, _ in said] == ["Mon 08:00", "Mon 09:00", "Mon 17:00", "Mon 21:00"]


def test_windows_that_touch_are_one():
    said = Calendar(2026, 6, 1, 6, between="07:00-09:00, 09:00-10:00").hours(24)
    assert [at for at, _ in said] == ["Mon 06:00", "Mon 07:00", "Mon 10:00", "Tue 06:00"][:3]


def test_the_whole_day_is_one_window():
    said = Calendar(2026, 6, 5, 12, between="00:00-24:00", days="sat,sun").hours(4 * 24)
    assert said == [("Fri 12:00", False), ("Sat 00:00", True), ("Mon 00:00", False)]


def test_says_the_values_given():
    said = Calendar(2026, 6, 1, 0, between="01:00-05:00", inside=-2000.0, outside="idle").hours(6)
    assert said == [("Mon 00:00", "idle"), ("Mon 01:00", -2000.0), ("Mon 05:00", "idle")]


def test_may_say_nothing_outside_and_repeat_itself_inside():
    said = Calendar(
        2026, 6, 1, 0, 58, between="01:00-01:01", inside=5.0, outside=None, every=25
    ).hours(1)
    assert said == [("Mon 01:00", 5.0)] * 3


@pytest.mark.parametrize(
    ("day", "between", "hours", "comes", "goes"),
    [
        pytest.param(FORWARD, "01:00-04:00", 2, 0, 2, id="a night in spring is an hour shorter"),
        pytest.param(FORWARD, "02:30-04:00", 1, 1, 2, id="what is left out begins at the change"),
        pytest.param(FORWARD, "01:00-02:30", 1, 0, 1, id="or ends there"),
        pytest.param(FORWARD, "02:10-02:50", 0, None, None, id="or does not happen"),
        pytest.param(BACK, "01:00-04:00", 4, -1, 3, id="a night in autumn is an hour longer"),
        pytest.param(BACK, "02:30-04:00", 2.5, 0.5, 3, id="what comes twice begins at its first"),
        pytest.param(BACK, "01:00-02:30", 1.5, -1, 0.5, id="and ends there"),
        pytest.param(BACK, "02:10-02:50", 2 / 3, 1 / 6, 5 / 6, id="and happens once"),
    ],
)
def test_when_clocks_change(day, between, hours, comes, goes):
    midnight, changes = datetime(*day, tzinfo=UTC), []
    clock = VirtualClock(datetime(*day, tzinfo=AMSTERDAM).astimezone(UTC))
    schedule(between=between, zone="Europe/Amsterdam", clock=clock).subscribe(
        lambda value: changes.append(((clock.wall() - midnight) / timedelta(hours=1), value))
    )
    clock.advance(23.9 * 3600)
    expected = [] if comes is None else [(comes, True), (goes, False)]
    assert changes[1:] == [(pytest.approx(at), value) for at, value in expected]
    assert sum(b - a for (a, _), (b, _) in pairwise(changes[1:])) == pytest.approx(hours)


class SteppedClock(VirtualClock):
    """Its wall clock is set while it runs, as by a time server."""

    step = timedelta()

    def wall(self):
        return super().wall() + self.step


def test_a_corrected_system_clock_is_noticed_within_a_minute():
    calendar = Calendar(2026, 6, 1, 12, 0, 20, between="14:00-15:00", clock=SteppedClock)
    calendar.clock.advance(70)
    calendar.clock.step = timedelta(hours=2)
    calendar.clock.advance(60)
    assert calendar.said == [("Mon 12:00", False), ("Mon 14:02", True)]
    calendar.clock.step = timedelta(hours=-1)
    calendar.clock.advance(60)
    assert calendar.said[2:] == [("Mon 11:03", False)]


def test_changes_fall_on_the_full_minute_wherever_it_started():
    clock = VirtualClock(datetime(2026, 6, 1, 11, 58, 17, 123457, tzinfo=UTC))
    said = []
    schedule(between="12:00-12:01", zone="UTC", clock=clock).subscribe(
        lambda value: said.append((clock.wall(), value))
    )
    clock.advance(600)
    assert [(f"{at:%H:%M:%S.%f}", value) for at, value in said[1:]] == [
        ("12:00:00.000000", True),
        ("12:01:00.000000", False),
    ]


def test_without_a_zone_the_one_of_the_machine_counts(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    system_time.tzset()
    try:
        heard = play(schedule, between="09:00-10:00", rest=3600)  # from midnight UTC
    finally:
        monkeypatch.undo()
        system_time.tzset()
    assert heard == [(0, True), (3600, False)]


@pytest.mark.parametrize(
    ("given_settings", "fault"),
    [
        ({"between": "22-6"}, "'22-6' is not a time window; write e.g. '22:00-06:00'"),
        ({"between": ""}, "is not a time window"),
        ({"between": "25:00-26:00"}, "times of day go from 00:00 to 24:00"),
        ({"between": "24:00-06:00"}, "times of day go from 00:00 to 24:00"),
        ({"between": "10:61-11:00"}, "times of day go from 00:00 to 24:00"),
        ({"between": "06:00-06:00"}, "the whole day is '00:00-24:00'"),
        ({"between": "06:00-07:00", "days": "mo-fr"}, "'mo-fr' is not a day"),
        ({"between": "06:00-07:00", "days": ""}, "'' is not a day"),
        ({"between": "06:00-07:00", "zone": "Mars/Base"}, "no time zone is called 'Mars/Base'"),
        ({"between": "06:00-07:00", "zone": "../../etc/passwd"}, "no time zone is called"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_cure(given_settings, fault):
    with pytest.raises(ValueError, match=fault.replace("..", r"\.\.")):
        play(schedule, **given_settings)


def test_it_is_a_clocked_node_and_leaves_no_timer():
    assert read_node(schedule).kind is NodeKind.CLOCKED
    calendar = Calendar(2026, 6, 1, 12, between="14:00-15:00", every=1)
    calendar.clock.advance(1)
    calendar.subscription.dispose()
    assert calendar.clock.next_due() is None


minutes = st.integers(0, 24 * 60 - 1)
zones = st.sampled_from(["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "UTC"])
year = datetime(2026, 1, 1, tzinfo=UTC)
starts = st.integers(0, 8700).map(lambda hours: year + timedelta(hours=hours))
special = st.sampled_from([datetime(*day, tzinfo=UTC) for day in (FORWARD, BACK, (2026, 10, 4))])


def clock_face(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


@settings(max_examples=40)
@given(minutes, minutes, zones, starts | special)
def test_a_window_and_its_complement_share_every_minute_between_them(one, other, zone, start):
    if one == other:
        return
    day, night = f"{clock_face(one)}-{clock_face(other)}", f"{clock_face(other)}-{clock_face(one)}"
    clock = VirtualClock(start)
    now = {}
    for name, between in (("day", day), ("night", night)):
        stream = schedule(between=between, zone=zone, clock=clock)
        stream.subscribe(lambda value, name=name: now.__setitem__(name, value))
    for _ in range(27 * 4):
        clock.advance(900)
        assert now["day"] != now["night"]


def drafted(given):
    text = f"streams: {{s: [schedule: {{between: '22:00-06:00', {given}}}, print]}}\n"
    return load(text, env={}).steps["s/schedule"].wire.unit


@pytest.mark.parametrize(
    ("given", "unit"),
    [
        ("inside: 9kW, outside: 0", "W"),
        ("inside: 9kW", "W"),
        ("inside: 0, outside: 12%", "%"),
        ("inside: 9kW, outside: 2W, unit: W", "W"),
        ("inside: eco, outside: null", None),
    ],
)
def test_its_unit_is_that_of_what_it_says(given, unit):
    assert drafted(given) == unit


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("inside: 9kW, outside: 12%", "outside: '12%' is in %, but inside is in W"),
        ("inside: 9kW, unit: '%'", "inside: '9kW' is in W, but this wire carries %"),
        ("inside: 90", "inside: 90 has no unit; write it, e.g. '90W' or '90%'"),
        ("inside: 90, unit: '%'", "inside: 90 has no unit; did you mean '90%'?"),
        ("inside: 90, outside: 12%", "inside: 90 has no unit; did you mean '90%'?"),
    ],
)
def test_what_it_says_is_in_one_unit(given, said):
    with pytest.raises(FlowError) as error:
        drafted(given)
    (fault,) = error.value.faults
    assert said in str(fault)
