"""The course of a run, second by second, for pictures."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flowctl.backtest.ends import Command
from flowctl.backtest.loop import ClosedLoop
from flowctl.backtest.truth import per_second
from flowctl.engine.inlet import pick
from flowctl.language.graph import Tap, taps
from flowctl.signature.node import NodeKind

LARGEST = 32767  # W; what a picture can show
NONE = -32768  # stands for nothing
MINUTE = 60


@dataclass(frozen=True)
class BatterySeries:
    """One battery: watts each second, + discharging."""

    name: str
    power: Sequence[int]
    setpoint: Sequence[int]
    """`NONE` while it is its own."""
    soc: Sequence[int]
    """Tenths of a percent, each minute."""
    reasons: Sequence[tuple[int, str]]
    """Since which second its share has which reason."""


@dataclass(frozen=True)
class Series:
    """A run: watts each second."""

    grid: Sequence[int]
    load: Sequence[int]
    """Of the house, less what its roof makes."""
    sun: Sequence[int]
    batteries: Sequence[BatterySeries]


class Reasons:
    """Listens to why each battery gets what it gets."""

    def __init__(self, loop: ClosedLoop) -> None:
        self.of: dict[str, list[tuple[int, str]]] = {}
        for step in loop.graph.steps.values():
            if step.kind is not NodeKind.DEVICE:
                continue
            said = self.of[step.stream] = []
            for tap in taps(next(iter(step.inputs.values()))):
                loop.engine.output(tap.step).listen(-1, _hearer(loop, tap, said))


def series(loop: ClosedLoop, reasons: Reasons) -> Series:
    """Draw up the course of a run."""
    truth = loop.truth
    seconds = int(truth.seconds)
    return Series(
        grid=_watts(per_second(truth.grid())),
        load=_watts(per_second(truth.load)),
        sun=_watts(per_second(truth.sun)),
        batteries=tuple(
            BatterySeries(
                name=name,
                power=_watts(per_second(power)),
                setpoint=_held(loop.ends.commands.get(name, ()), seconds),
                soc=array("h", (round(soc * 10) for soc in socs[::MINUTE])),
                reasons=tuple(reasons.of.get(name, ())),
            )
            for name, power, socs in zip(truth.names, truth.powers, truth.socs, strict=True)
        ),
    )


def _hearer(loop: ClosedLoop, tap: Tap, said: list[tuple[int, str]]) -> Callable[[Any], None]:
    def hear(value: Any) -> None:
        share = value if tap.field is None else pick(value, tap.field)
        reason = getattr(share, "reason", "")
        if not said or said[-1][1] != reason:
            said.append((int(loop.clock.time()), reason))

    return hear


def _watts(samples: Iterable[float]) -> "array[int]":
    return array("h", (max(-LARGEST, min(LARGEST, round(watts))) for watts in samples))


def _held(commands: Sequence[Command], seconds: int) -> "array[int]":
    """The setpoint in force at the end of each second."""
    held = array("h", [NONE]) * seconds
    ends = [*(int(at) for at, _ in commands[1:]), seconds]
    for (at, watts), end in zip(commands, ends, strict=False):
        value = NONE if watts is None else max(-LARGEST, min(LARGEST, round(watts)))
        for second in range(int(at), min(end, seconds)):
            held[second] = value
    return held
