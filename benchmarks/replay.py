"""Replay of 200,000 readings, against loops by hand that do the same on the same values.

Two loops, since "the same operators' pure logic" can be read two ways. `by_calls` calls the
operators themselves, with all they are ready for: values held back, plans, shares, NaN.
`by_hand` has their logic for this recording only, in one function: it calls theirs where they
have one (the condition of `filter`, `settle` of `deadband`) and spells out the rest. The engine
adds to both a register after each of eight steps: it checks, counts, remembers, hands on and
catches what a step raises.
"""

import json
import math
import random
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from measure import cheapest, cpu, load
from reactivex import Observable
from reactivex.disposable import Disposable

from flowctl import Expression
from flowctl.language.check import load as checked
from flowctl.recordings.recording import read
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.replay import Player, replay
from nodes._helpers.operators import Each, Straight
from nodes.clamp import clamp
from nodes.deadband import deadband, settle
from nodes.debounce import debounce
from nodes.filter import filter
from nodes.scale import scale
from nodes.throttle import throttle

READINGS = 200_000
EPOCH = 1_793_000_000.0
ROUNDS = 5
FLOW = """
flow: measured
streams:
  meter:
    - homewizard_p1: {host: 127.0.0.1}
    - filter: abs(value) < 20kW
  plan:
    - from: meter
    - debounce: 50ms
    - clamp: {low: -2.5kW, high: 2.5kW}
    - scale: -0.9
    - deadband: 15W
    - throttle: 200ms
"""
Row = tuple[float, str, Any]
Line = dict[str, Any]


def by_hand(rows: Iterable[Row]) -> Iterator[Line]:
    """The logic in one loop, for numbers that come neither in bursts nor too soon."""
    fulfils = Expression("abs(value) < 20kW").lean
    settles, free, kept = -math.inf, -math.inf, None
    for t, _, value in rows:
        if not isinstance(value, float) or not fulfils(value):
            continue
        yield {"t": t, "stream": "meter", "value": value}
        now = t - EPOCH
        lone, settles = now >= settles, now + 0.05
        if not lone:
            raise ValueError("by hand: no bursts")
        made = min(max(value, -2500.0), 2500.0) * -0.9
        kept = settle(kept, made, 15.0)
        if now < free:
            raise ValueError("by hand: no hurry")
        free = now + 0.2
        yield {"t": t, "stream": "plan", "value": kept}


def by_calls(rows: Iterable[Row]) -> Iterator[Line]:
    """The operators themselves, called one from the next, with nothing of the engine between."""
    clock, told, ears = VirtualClock(), list[Line](), list[Any]()
    t = EPOCH

    def shown(stream: str, values: Observable[float]) -> Observable[float]:
        def hear(say: Any) -> Any:
            def receive(value: float) -> None:
                told.append({"t": t, "stream": stream, "value": value})
                say(value)

            return receive

        return Each(values, hear)

    made: Observable[float] = Straight(lambda out, _: (ears.append(out.on_next), Disposable())[1])
    made = shown("meter", filter(made, where=Expression("abs(value) < 20kW")))
    made = debounce(made, quiet=0.05, clock=clock)
    made = scale(clamp(made, low=-2500.0, high=2500.0), by=-0.9)
    made = shown("plan", throttle(deadband(made, by=15.0), every=0.2, clock=clock))
    made.subscribe()
    for t, _, value in rows:
        clock.advance_to(t - EPOCH)
        ears[0](value)
        yield from told
        told.clear()


def by_player(rows: Iterable[Row]) -> Iterator[Line]:
    return Player(checked(FLOW), EPOCH).play(rows)


def recorded(path: Path) -> Path:
    """A meter that wanders, one reading a second."""
    chance, watts = random.Random(1), 0.0
    with path.open("w") as file:
        for second in range(READINGS):
            watts = 0.99 * (watts + chance.gauss(0.0, 60.0))
            row = {"t": EPOCH + second, "stream": "meter", "value": round(watts, 1)}
            file.write(json.dumps(row) + "\n")
    return path


def decoded(path: Path) -> Iterator[Row]:
    with path.open() as file:
        for line in file:
            told = json.loads(line)
            yield told["t"], told["stream"], told["value"]


def cost(lines: Iterator[Line]) -> float:
    """CPU us per reading."""
    return cpu(lambda: [None for _ in lines]) / READINGS * 1e6


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = recorded(Path(folder) / "meter.jsonl")
        rows = list(read(path))
        assert list(by_hand(rows)) == list(by_player(rows)) == list(replay(checked(FLOW), path))
        assert list(by_hand(rows)) == list(by_calls(rows))
        hand = cheapest(lambda: cost(by_hand(rows)), ROUNDS)
        calls = cheapest(lambda: cost(by_calls(rows)), ROUNDS)
        ours = cheapest(lambda: cost(by_player(rows)), ROUNDS)
        print(f"decoded values: flow {ours:.2f} us (bound 3 times)")
        print(f"  {ours / calls:.1f} times the operators called by hand, {calls:.2f} us")
        print(f"  {ours / hand:.1f} times their logic for this recording only, {hand:.2f} us")
        hand = cheapest(lambda: cost(by_hand(decoded(path))), ROUNDS)
        ours = cheapest(lambda: cost(replay(checked(FLOW), path)), ROUNDS)
        print(f"the whole file: by hand {hand:.2f} us, flow {ours:.2f} us: {ours / hand:.1f} times")
        print(load())


if __name__ == "__main__":
    main()
