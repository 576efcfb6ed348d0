"""What a person sees at one glance: nothing old is shown as if it were of now."""

from flowctl import Battery
from flowctl.telling.glance import SILENT, Looker, line
from flowctl.testing import Bench

FLOW = """
flow: home
streams:
  meter:
    - homewizard_p1: 127.0.0.1
  plan:
    - from: meter
    - response_predictor: {batteries: [left]}
    - rebalance
  left:
    - from: plan.left
    - marstek_udp: 127.0.0.1
"""


def told(bench: Bench, looker: Looker, seconds: float) -> str:
    bench.advance(seconds)
    return line(looker.look())


def test_a_house_at_one_glance() -> None:
    bench = Bench(FLOW)
    looker = Looker(bench.engine)
    bench.say("left", Battery(power=0.0, soc=57.0))
    bench.say("meter", 400.0)
    assert told(bench, looker, 0.1) == "meter 400 W, load 400 W, left 400 W -> 0 W at 57 %"
    (battery,) = looker.look().batteries
    assert battery.name == "left"
    assert battery.note


def test_a_meter_that_falls_silent_is_shown_with_the_age_of_its_last_power() -> None:
    bench = Bench(FLOW)
    looker = Looker(bench.engine)
    bench.say("left", Battery(power=0.0, soc=57.0))
    bench.say("meter", 400.0)
    told(bench, looker, 1)
    assert told(bench, looker, SILENT + 1) == "meter 400 W (16 s ago), left - -> 0 W at 57 %"
    bench.say("meter", 300.0)
    assert told(bench, looker, 0).startswith("meter 300 W, load")


def test_a_battery_that_is_away_is_not_shown_with_its_last_power() -> None:
    bench = Bench(FLOW)
    looker = Looker(bench.engine)
    bench.say("left", Battery(power=250.0, soc=57.0))
    bench.say("left", Battery(online=False))
    (battery,) = looker.look().batteries
    assert (battery.power, battery.soc, battery.note) == (None, 57.0, "away")
