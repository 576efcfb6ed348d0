"""Replay of flows/home.yaml, against a loop by hand that calls its operators' pure steps.

The loop does what the law needs at each reading, at each word of a battery and between readings,
and nothing else: no shell that stands before a device, no wires, no registers.
"""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from measure import cheapest, cpu, load

from flowctl import Plan
from flowctl.language.check import load as checked
from flowctl.recordings.plain import plain, reader
from flowctl.recordings.recording import read
from flowctl.virtual.replay import Player
from nodes._helpers.law.knowing.belief import believe
from nodes._helpers.law.seeing.house import House, look, told
from nodes._helpers.law.seeing.house import read as heard
from nodes._helpers.law.sharing.by_name import ByName
from nodes._helpers.law.sharing.round import Policy
from nodes._helpers.law.sharing.step import Shared, step
from nodes._helpers.timing import TINY
from nodes.clamp import limited
from nodes.response_predictor import next_beat

ROOT = Path(__file__).parents[1]
BATTERIES = ("left", "right")
GRAPH = checked(ROOT / "flows" / "home.yaml")
ROWS = [
    row
    for row in read(ROOT / "tests" / "recordings" / "home.evening.jsonl.gz")
    if row[1] in ("meter", *BATTERIES)
]
EPOCH = ROWS[0][0]
POLICY = Policy(reserve=ByName(12.0))
ROUNDS = 9
Line = dict[str, Any]


class Law:
    """The state that the loop carries from one row to the next."""

    def __init__(self) -> None:
        self.house = House({name: believe(3.5, 1.5, 2500.0) for name in BATTERIES})
        self.shared, self.beat = Shared(), math.inf

    def plan(self, at: float) -> Plan:
        self.house, outlook = look(self.house, at)
        self.beat = next_beat(outlook)
        self.shared, plan = step(self.shared, outlook, POLICY)
        return limited(plan, -2500.0, 2500.0, math.inf)


def by_hand() -> Iterator[Line]:
    law, hears = (
        Law(),
        {name: reader(edge.wire) for name in BATTERIES if (edge := GRAPH.edge(name))},
    )
    for t, stream, value in ROWS:
        now = t - EPOCH
        while law.beat <= now - TINY:
            yield said(EPOCH + law.beat, "plan", law.plan(law.beat))
        if stream == "meter" and abs(value) < 20e3:
            law.house = heard(law.house, value, now)
            yield said(t, "meter", value)
            yield said(t, "plan", law.plan(now))
        elif stream != "meter":
            record = hears[stream](value, EPOCH)
            law.house = told(law.house, stream, record, now)
            yield said(t, stream, record)


def said(t: float, stream: str, value: Any) -> Line:
    return {"t": t, "stream": stream, "value": plain(value, EPOCH)}


def by_player() -> Iterator[Line]:
    return Player(GRAPH, EPOCH).play(ROWS)


def main() -> None:
    logging.getLogger(GRAPH.name).setLevel(logging.CRITICAL)  # a replayed battery obeys nobody
    hand, ours = (
        cheapest(lambda make=make: cpu(lambda: [None for _ in make()]) / len(ROWS) * 1e6, ROUNDS)
        for make in (by_hand, by_player)
    )
    print(f"home.yaml: by hand {hand:.1f} us a row, flow {ours:.1f} us: {ours / hand:.1f} times")
    print(load())


if __name__ == "__main__":
    main()
