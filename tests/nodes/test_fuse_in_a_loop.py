"""`fuse_limit` in a house: phase meters quick, slow and dead, batteries quick and slow."""

import math
from dataclasses import dataclass, field

import pytest

from flowctl import Battery
from flowctl.testing import Bench

FUSE, OVER, STEP, LAG = 5750.0, 75.0, 0.1, 1.0
PHASE = """
flow: f
streams:
  meter: [{homewizard_p1: {host: x}}]
  l1: [{mqtt_in: {broker: "mqtt://x", topic: l1, unit: W}}]
  wanted: [{mqtt_in: {broker: "mqtt://x", topic: wanted, unit: W}}]
"""
LAWS = {
    "rebalance": """
  plan:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - aim: {at: wanted}
    - rebalance
    - fuse_limit: {outlook: plan/response_predictor, phases: [l1], limit: 5750W, on: ON}
""",
    "split": """
  seen: [from: meter, response_predictor: {batteries: [left, right]}]
  plan:
    - from: wanted
    - split: {batteries: [left, right]}
    - fuse_limit: {outlook: seen, phases: [l1], limit: 5750W, on: ON}
""",
}
DEVICES = """
  left: [from: plan.left, marstek_udp: {host: a}]
  right: [from: plan.right, marstek_udp: {host: b}]
"""


@dataclass
class Cell:
    """A battery of 2.5 kW that answers after a dead time."""

    dead: float
    told: list[tuple[float, float]] = field(default_factory=lambda: [(-99.0, 0.0)])
    power: float = 0.0

    def step(self, at):
        watts = [watts for then, watts in self.told if then + self.dead <= at][-1]
        self.power += (watts - self.power) * (1 - math.exp(-STEP / LAG))


def phase(law, sign, every, dead, load, *, dies=math.inf, seconds=200):
    """What one phase carries, by the second; from 80 s on far more is wanted than its fuse has."""
    text = PHASE + LAWS[law].replace("ON", "{left: l1, right: l1}") + DEVICES
    cells, carried = {"left": Cell(dead), "right": Cell(dead * 1.3)}, list[tuple[float, float]]()
    with Bench(text) as bench:
        for step in range(1, round(seconds / STEP)):
            now = round(step * STEP, 6)
            bench.advance(now - bench.time)
            for name, cell in cells.items():
                heard = bench.heard(name)
                cell.told[1:] = [(at, watts or 0.0) for at, watts in heard]
                cell.step(now)
            watts = sign * load(now) - sum(cell.power for cell in cells.values())
            carried.append((now, sign * watts))
            if step % round(every / STEP) == 0 and now < dies:
                bench.say("l1", watts + 7 * math.sin(step))
            if step % 10 == 0:
                bench.say("wanted", sign * (-1000.0 if now < 80 else -5000.0))
                bench.say("meter", watts + 3 * math.sin(step))
                for name, cell in cells.items():
                    told = Battery(power=cell.power, max_charge=2500, max_discharge=2500, soc=50)
                    bench.say(name, told)
    return carried


def over(carried):
    return [at for at, watts in carried if at > 30 and watts > FUSE + OVER]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sign", [1, -1], ids=["charge", "discharge"])
@pytest.mark.parametrize(
    ("every", "dead", "dies"),
    [(0.5, 1.0, math.inf), (10, 2.5, math.inf), (30, 6.0, math.inf), (60, 1.0, math.inf),
     (1, 1.0, 50), (1, 6.0, 85)],
)  # fmt: skip
def test_no_command_drives_a_phase_over_its_fuse_however_seldom_it_speaks(
    law, sign, every, dead, dies
):
    carried = phase(law, sign, every, dead, lambda _: 3000.0, dies=dies)
    assert over(carried) == []
    assert carried[-1][1] > FUSE - 150  # and what the fuse leaves is used


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    ("sign", "every", "dead", "jumps"),
    [(1, 1, 1.0, 83.5), (1, 1, 2.5, 120.3), (-1, 1, 6.0, 120.3), (1, 10, 6.0, 83.5),
     (-1, 30, 2.5, 120.3), (1, 30, 6.0, 83.5)],
)  # fmt: skip
def test_a_load_that_jumps_is_answered_at_the_next_reading(law, sign, every, dead, jumps):
    """Even while a command is in flight that looks like it: at 83.5 s one is."""
    carried = phase(law, sign, every, dead, lambda at: 3000.0 if at < jumps else 4000.0)
    reading = math.ceil(jumps / every) * every
    late = [at for at in over(carried) if at > reading]
    assert len(late) * STEP < 1.3 * dead + 8 * LAG
    assert over(carried)[-1] < reading + every * (every > 1) + 1.3 * dead + 8 * LAG
