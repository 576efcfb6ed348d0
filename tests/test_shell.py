"""The device shell: every promise of a borrowed battery, in virtual time."""

import logging
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.engine.sentences import STOPPED
from flowctl.engine.shell import Shell
from flowctl.terms import Terms
from flowctl.values import RELEASE, Battery, Share
from flowctl.virtual.clock import VirtualClock


class Wired:
    def __init__(self, *, shadow: bool = False, **terms: Any) -> None:
        self.clock, log = VirtualClock(), logging.getLogger("shell")
        self.sent: list[tuple[float, Any]] = []
        self.shell = Shell(Terms(**terms), self.clock, self._send, log, shadow=shadow)

    def _send(self, command: Any) -> None:
        self.sent.append((self.clock.time(), None if command is RELEASE else command))


def test_the_first_want_is_written_at_once() -> None:
    wired = Wired()
    wired.shell.want(500.0)
    assert wired.sent == [(0.0, 500.0)]


def test_a_battery_is_released_when_the_lease_runs_out() -> None:
    wired = Wired(lease=10.0)
    wired.shell.want(500.0)
    wired.clock.advance(30.0)
    assert wired.sent == [(0.0, 500.0), (10.0, None)]


def test_a_repeated_want_renews_the_lease_without_a_write() -> None:
    wired = Wired(lease=10.0)
    for _ in range(5):
        wired.shell.want(500.0)
        wired.clock.advance(5.0)
    wired.clock.advance(20.0)
    assert wired.sent == [(0.0, 500.0), (30.0, None)]


def test_no_share_holds_longer_than_its_plan() -> None:
    wired = Wired(lease=10.0)
    wired.shell.want(Share(500.0, valid_until=3.0))
    wired.clock.advance(30.0)
    assert wired.sent == [(0.0, 500.0), (3.0, None)]


def test_a_share_of_a_plan_that_is_over_is_not_written() -> None:
    wired = Wired()
    wired.clock.advance(5.0)
    wired.shell.want(Share(500.0, valid_until=4.0))
    assert wired.sent == []


def test_the_rest_of_a_plan_that_a_throttle_held_back_is_no_fault() -> None:
    wired = Wired(lease=10.0)
    wired.shell.want(Share(500.0, valid_until=4.0))
    wired.clock.advance(5.0)
    wired.shell.want(Share(600.0, valid_until=4.0))
    assert wired.sent == [(0.0, 500.0), (4.0, None)]
    assert wired.shell.counts.refused == 0
    wired.shell.want(Share(600.0, valid_until=4.5))
    wired.shell.want(math.nan)
    assert wired.shell.counts.refused == 2
    assert len(wired.sent) == 2


def test_writes_keep_their_distance_and_the_newest_wins() -> None:
    wired = Wired(write_every=2.0)
    for watts in (100.0, 200.0, 300.0):
        wired.shell.want(watts)
        wired.clock.advance(0.5)
    wired.clock.advance(5.0)
    assert wired.sent == [(0.0, 100.0), (2.0, 300.0)]


def test_a_battery_is_known_to_take_commands_no_more_often_than_they_are_written() -> None:
    told = Wired(write_every=10.0).shell.told
    assert told(Battery(power=0.0, write_every=2.0)).write_every == 10.0
    assert told(Battery(power=0.0, write_every=20.0)).write_every == 20.0
    assert told(Battery(power=0.0)).write_every is None


def test_changes_within_the_dead_band_are_not_written_but_a_stop_is() -> None:
    wired = Wired(deadband=25.0, write_every=0.0)
    for watts in (100.0, 110.0, 80.0, 75.0, 10.0, 0.0):
        wired.shell.want(watts)
        wired.clock.advance(1.0)
    assert [watts for _, watts in wired.sent] == [100.0, 75.0, 10.0, 0.0]


def test_an_unchanged_setpoint_is_refreshed() -> None:
    wired = Wired(resend=3.0, lease=100.0)
    wired.shell.want(500.0)
    wired.clock.advance(7.0)
    assert wired.sent == [(0.0, 500.0), (3.0, 500.0), (6.0, 500.0)]
    assert wired.shell.counts.resent == 2


def test_what_is_written_anyway_is_the_newest_but_wakes_nobody() -> None:
    wired = Wired(deadband=25.0, resend=3.0, lease=100.0)
    for watts in (500.0, 510.0, 0.0, 20.0):
        wired.shell.want(watts)
        wired.clock.advance(2.0)
    wired.clock.advance(2.0)
    assert wired.sent == [(0.0, 500.0), (3.0, 510.0), (4.0, 0.0), (7.0, 0.0), (10.0, 0.0)]


def test_limits_hold_whatever_the_flow_computes() -> None:
    wired = Wired(max_charge=800.0, max_discharge=600.0, write_every=0.0)
    for watts in (5000.0, -5000.0):
        wired.shell.want(watts)
        wired.clock.advance(1.0)
    assert [watts for _, watts in wired.sent] == [600.0, -800.0]


def test_the_devices_own_rating_limits_too() -> None:
    wired = Wired(max_discharge=2500.0)
    wired.shell.told(Battery(max_charge=1200.0, max_discharge=800.0))
    wired.shell.want(2000.0)
    assert wired.sent == [(0.0, 800.0)]


def test_a_limit_that_comes_down_goes_before_the_dead_band() -> None:
    wired = Wired(deadband=25.0, write_every=1.0, lease=10.0)
    for most in (800.0, 790.0):
        wired.shell.told(Battery(max_discharge=most))
        wired.shell.want(2000.0)
        wired.clock.advance(2.0)
    assert [watts for _, watts in wired.sent] == [800.0, 790.0]


def test_what_is_no_finite_power_is_refused() -> None:
    wired = Wired()
    for value in (math.nan, math.inf, -math.inf, "500", None, True, [500.0]):
        wired.shell.want(value)
    assert wired.sent == []
    assert wired.shell.counts.refused == 7


def test_a_setpoint_is_repeated_when_the_read_back_disagrees() -> None:
    wired = Wired(lease=1000.0)
    wired.shell.want(1000.0)
    wired.clock.advance(5.0)
    wired.shell.told(Battery(setpoint=0.0))
    assert wired.sent == [(0.0, 1000.0), (5.0, 1000.0)]


def test_a_read_back_within_tolerance_agrees() -> None:
    wired = Wired(lease=1000.0)
    wired.shell.want(1000.0)
    wired.clock.advance(5.0)
    for echo in (900.0, 1100.0):
        wired.shell.told(Battery(setpoint=echo))
    assert wired.sent == [(0.0, 1000.0)]


def test_a_device_that_never_agrees_is_asked_less_and_less_often() -> None:
    wired = Wired(lease=1e6, resend=60.0)
    wired.shell.want(1000.0)
    for _ in range(600):
        wired.clock.advance(1.0)
        wired.shell.told(Battery(setpoint=0.0))
    assert 10 < wired.shell.counts.writes < 25


def test_an_echo_of_the_old_setpoint_is_forgiven() -> None:
    wired = Wired(lease=1000.0)
    wired.shell.want(1000.0)
    wired.clock.advance(1.0)
    wired.shell.told(Battery(setpoint=0.0))
    assert wired.sent == [(0.0, 1000.0)]


def test_a_device_that_was_away_is_written_again() -> None:
    wired = Wired(lease=1000.0)
    wired.shell.want(1000.0)
    wired.clock.advance(5.0)
    wired.shell.renew()
    assert wired.sent == [(0.0, 1000.0), (5.0, 1000.0)]


@pytest.mark.parametrize(
    ("want", "at", "said"),
    [
        (500.0, 10.0, "released: its lease of 10s ran out"),
        (
            Share(500.0, valid_until=6.25),
            6.25,
            "released: its plan ran out, and no new one came for it",
        ),
        (Share(500.0, valid_until=50.0), 10.0, "released: its lease of 10s ran out"),
    ],
)
def test_a_release_says_what_ran_out(
    want: float, at: float, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wired = Wired()
    wired.shell.told(Battery(power=1.0))
    wired.shell.want(want)
    wired.clock.advance(60.0)
    assert wired.sent[-1] == (at, None)
    assert caplog.messages == [said]


def test_closing_releases_and_takes_no_more() -> None:
    wired = Wired()
    wired.shell.want(500.0)
    wired.shell.close(STOPPED)
    wired.shell.want(500.0)
    wired.clock.advance(100.0)
    assert wired.sent == [(0.0, 500.0), (0.0, None)]


def test_a_device_that_was_never_written_is_not_released() -> None:
    wired = Wired()
    wired.shell.close(STOPPED)
    assert wired.sent == []


@pytest.mark.parametrize(
    ("record", "said"),
    [(None, []), (Battery(online=False), []), (Battery(power=1.0), ["released: the flow stops"])],
)
def test_only_of_a_battery_that_answers_it_is_said_that_it_is_released(
    record: Battery | None, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wired = Wired()
    wired.shell.want(500.0)
    if record is not None:
        wired.shell.told(record)
    wired.shell.close(STOPPED)
    assert wired.sent[-1] == (0.0, None)
    assert caplog.messages == said


def test_nonsense_in_one_field_does_not_hide_a_hand() -> None:
    wired = Handled(on_override="yield").begun()
    wired.turns(1, Battery(setpoint=-800.0, soc=math.nan))
    assert wired.sent[-1][1] is None


WANTS = st.lists(
    st.tuples(st.floats(0.01, 15.0), st.floats(allow_nan=True, allow_infinity=True)), max_size=40
)


@given(WANTS, st.floats(0.0, 5.0), st.floats(0.0, 100.0), st.floats(1.0, 12.0))
def test_whatever_comes_the_wire_keeps_its_terms(
    wants: list[tuple[float, float]], write_every: float, deadband: float, lease: float
) -> None:
    wired = Wired(
        write_every=write_every, deadband=deadband, lease=lease, max_charge=800, max_discharge=600
    )
    last = -math.inf
    for pause, watts in wants:
        wired.clock.advance(pause)
        wired.shell.want(watts)
        last = wired.clock.time() if math.isfinite(watts) else last
    wired.clock.advance(lease + write_every + 1)
    writes = [(t, watts) for t, watts in wired.sent if watts is not None]
    assert all(-800 <= watts <= 600 for _, watts in writes)
    gaps = [b[0] - a[0] for a, b in pairwise(writes)]
    assert all(gap >= write_every - 1e-6 for gap in gaps)
    if wired.sent:
        assert wired.sent[-1][1] is None
        assert wired.sent[-1][0] <= last + lease + 1e-6


class Handled(Wired):
    """A battery that somebody else sets while a flow wants 1000 W of it, in turns of a second."""

    def turns(self, count: int, record: Battery | None = None) -> None:
        for _ in range(count):
            self.shell.want(1000.0)
            if record is not None:
                self.heard = self.shell.told(record)
            self.clock.advance(1.0)

    def begun(self) -> "Handled":
        self.shell.want(1000.0)
        self.shell.told(Battery(setpoint=1000.0))
        self.turns(5)
        return self


OTHERS = [
    Battery(setpoint=-800.0),
    Battery(setpoint=0.0),
    Battery(setpoint=1500.0),
    Battery(self_regulating=True),
]


@pytest.mark.parametrize("other", OTHERS)
def test_what_somebody_else_sets_is_said_and_written_over(
    other: Battery, caplog: pytest.LogCaptureFixture
) -> None:
    wired = Handled().begun()
    wired.turns(3, other)
    assert wired.sent[:2] == [(0.0, 1000.0), (5.0, 1000.0)]
    assert wired.shell.counts.overridden == 1
    assert [r.message for r in caplog.records if "somebody else; written again" in r.message]


@pytest.mark.parametrize("other", OTHERS)
def test_a_battery_is_yielded_to_somebody_else_for_a_while(
    other: Battery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wired = Handled(on_override="yield", stay_away=60.0).begun()
    wired.turns(1, other)
    wired.turns(70, Battery(power=100.0))
    assert wired.sent[:3] == [(0.0, 1000.0), (5.0, None), (65.0, 1000.0)]
    said = [record.message for record in caplog.records]
    assert [text for text in said if "somebody else; left alone for 60s" in text]
    assert "released: somebody else has it" in said
    assert said[-1] == "left alone for long enough: taken again"


def test_a_flow_hears_of_a_yielded_battery_that_it_is_not_its_own() -> None:
    wired = Handled(on_override="yield", stay_away=60.0).begun()
    wired.turns(1, Battery(setpoint=-800.0))
    wired.turns(58, Battery(power=100.0))
    assert wired.heard == Battery(power=100.0, self_regulating=True)
    wired.turns(2, Battery(power=100.0))
    assert wired.heard == Battery(power=100.0, self_regulating=False)
    wired.turns(1, Battery(power=100.0))
    assert wired.heard == Battery(power=100.0)


def test_a_limit_in_the_app_is_no_hand_on_the_battery() -> None:
    wired = Handled(on_override="yield").begun()
    wired.turns(600, Battery(setpoint=800.0))
    assert wired.shell.counts.overridden == 0
    assert None not in [watts for _, watts in wired.sent]
    assert wired.shell.counts.writes < 25


def test_a_write_that_was_lost_is_no_hand_on_the_battery() -> None:
    wired = Handled(on_override="yield")
    wired.turns(10, Battery(setpoint=0.0))
    assert wired.shell.counts.overridden == 0
    assert [watts for _, watts in wired.sent] == [1000.0, 1000.0, 1000.0, 1000.0]


def test_a_later_write_that_was_lost_is_no_hand_either() -> None:
    wired = Handled(on_override="yield", lease=1000.0).begun()
    wired.shell.want(-500.0)
    wired.clock.advance(3.0)
    wired.shell.told(Battery(setpoint=1000.0))
    assert wired.shell.counts.overridden == 0
    assert [watts for _, watts in wired.sent] == [1000.0, -500.0, -500.0]


@pytest.mark.parametrize("other", [Battery(self_regulating=True), Battery(setpoint=2200.0)])
@pytest.mark.parametrize(("terms", "last"), [("yield", None), ("retake", 1200.0)])
def test_a_hand_is_noticed_although_the_flow_writes_all_the_time(
    other: Battery, terms: str, last: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    wired = Wired(on_override=terms)
    for k in range(5):
        wired.shell.want(1000.0 + 50 * k)
        wired.shell.told(Battery(setpoint=1000.0 + 50 * k))
        wired.clock.advance(1.0)
    wired.shell.told(other)
    assert wired.sent[-1][1] == last
    assert wired.shell.counts.overridden == 1
    assert "set by somebody else; " in caplog.text


@pytest.mark.parametrize("pause", [0.5, 5.0])
@pytest.mark.parametrize("terms", ["yield", "retake"])
def test_a_lower_setpoint_may_be_a_limit_and_is_said_once(
    pause: float, terms: str, caplog: pytest.LogCaptureFixture
) -> None:
    wired = Handled(on_override=terms, lease=1e6).begun()
    for watts in (1050.0, 1100.0, 1200.0):
        wired.shell.want(watts)
        wired.shell.told(Battery(setpoint=watts))
        wired.clock.advance(pause)
        wired.shell.told(Battery(setpoint=400.0))
        wired.clock.advance(0.5)
    assert None not in [watts for _, watts in wired.sent]
    assert wired.shell.counts.overridden == 0
    told = "by a limit of its own, or set by somebody else; written again"
    assert caplog.messages == [f"it holds 400W where it was told 1050W: {told}"]


def test_what_climbs_to_its_setpoint_is_under_no_limit(caplog: pytest.LogCaptureFixture) -> None:
    wired = Handled(lease=1e6).begun()
    wired.shell.want(2500.0)
    for watts in range(1000, 2600, 200):
        wired.clock.advance(1.0)
        wired.shell.told(Battery(setpoint=float(watts)))
    assert caplog.messages == []


def test_a_device_that_accepts_and_forgets_is_asked_less_and_less_often() -> None:
    wired = Wired(lease=1e6)
    wired.shell.want(1000.0)
    for _ in range(600):
        writes = wired.shell.counts.writes
        wired.clock.advance(1.0)
        wired.shell.told(Battery(setpoint=0.0))
        if wired.shell.counts.writes > writes:
            wired.shell.told(Battery(setpoint=1000.0))
    assert 10 < wired.shell.counts.writes < 25


def test_setpoints_of_just_now_are_nobodys_hand() -> None:
    wired = Wired(on_override="yield", write_every=0.5, lease=1000.0)
    for watts, pause in ((900.0, 3.0), (1000.0, 0.5), (-500.0, 0.5), (700.0, 0.5)):
        wired.shell.want(watts)
        wired.shell.told(Battery(setpoint=watts))
        wired.clock.advance(pause)
    for echo in (1000.0, -500.0, 0.0):
        wired.shell.told(Battery(setpoint=echo))
    assert wired.shell.counts.overridden == 0
    wired.shell.told(Battery(setpoint=-1500.0))  # nobody here ever asked for this
    assert wired.shell.counts.overridden == 1


def test_a_stay_is_over_with_the_flow() -> None:
    wired = Handled(on_override="yield").begun()
    wired.turns(3, Battery(setpoint=-800.0))
    wired.shell.close(STOPPED)
    wired.clock.advance(2000.0)
    assert [watts for _, watts in wired.sent] == [1000.0, None]


@pytest.mark.parametrize(("own_meter", "heard"), [("take", False), ("leave", True)])
def test_a_battery_on_its_own_meter_is_taken_or_left(own_meter: str, heard: bool) -> None:
    wired = Wired(own_meter=own_meter)
    told = wired.shell.told(Battery(self_regulating=True, power=300.0))
    assert told == Battery(self_regulating=heard, power=300.0)
    assert wired.shell.told(Battery(soc=50.0)).self_regulating is (None if heard else False)


def test_what_a_battery_tells_passes_as_it_is() -> None:
    wired = Handled().begun()
    record = Battery(power=990.0, setpoint=1000.0, self_regulating=False, mode="remote")
    assert wired.shell.told(record) is record


def test_in_shadow_nobody_overrides_what_was_never_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    wired = Wired(shadow=True, on_override="yield", lease=1e6)
    wired.shell.want(500.0)
    for _ in range(20):
        wired.clock.advance(5.0)
        wired.shell.told(Battery(setpoint=1200.0, self_regulating=False, power=1200.0))
    assert wired.shell.counts.overridden == 0
    assert wired.shell.written == 500.0
    assert not caplog.records
