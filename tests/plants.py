"""Small plants and flows to try out against them."""

from pathlib import Path

from flowctl.backtest.world import World
from tests.house import build

QUICK = """
house: {profile: quiet, base: 300W, noise: 0W, time_of_day: 0s}
meter: {latency: 0s, jitter: 0%, noise: 0W, resolution: 0W}
left: {dead_time: 0s, lag: 10ms, wake: 0s, min_power: 0W, resolution: 0W,
  telemetry: {every: 1s, age: 0s, noise: 0W}}
"""
"""Everything happens at once and is told as it is."""
HOME = """
house: {profile: steps, base: 300W, noise: 3W}
meter: {}
left: {}
right: {kind: udp}
"""
ZERO = """
flow: zero
vars: {gain: 0.8}
streams:
  meter: [src]
  house:
    - from: meter
    - sum: {others: [left.setpoint], missing: zero}
  left:
    - from: house
    - smooth: 2s
    - scale: "${gain}"
    - bat
"""
"""What the house needs of its battery, smoothed."""


def plant(folder: Path, text: str = QUICK) -> Path:
    """Write a plant file."""
    file = folder / "plant.yaml"
    file.write_text(text)
    return file


def flow(folder: Path, text: str = ZERO) -> Path:
    """Write a flow with plain nodes beside it."""
    return build(folder, text)


def world(folder: Path, text: str = QUICK, **given: object) -> World:
    """Make a world of a plant."""
    return World(plant(folder, text), **given)
