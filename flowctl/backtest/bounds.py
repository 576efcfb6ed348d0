"""The bounds of a run: computed once, and kept under what they follow from."""

import hashlib
import inspect
import json
import logging
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import count
from pathlib import Path

from flowctl.backtest import guesses, limits, oracle, truth
from flowctl.backtest.figures import mean_grid
from flowctl.backtest.jobs import Progress
from flowctl.backtest.limits import clairvoyant, stored_only
from flowctl.backtest.oracle import FEW, POLICIES, TICK, Oracle, Policy
from flowctl.backtest.times import HOUR
from flowctl.backtest.truth import PER_SECOND, STEP, Truth
from flowctl.backtest.twins import Twins
from flowctl.backtest.world import World
from flowctl.faults import plainly

log = logging.getLogger("flowctl.backtest")
LITTLE = 0.5  # W by which two bounds differ
LONG = 2 * 3600.0  # s; a longer run is tried with few policies


@dataclass(frozen=True, slots=True)
class Reached:
    """What one policy of the oracle reached."""

    policy: str
    causal: float
    """Mean |grid|, W."""
    clairvoyant: float
    """The bound with what the batteries could do in this run, W."""
    always: float
    """What nobody passes: they may run full or empty at other times than in this run."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What nobody can pass: mean |grid|, W."""

    clairvoyant: float
    causal: float
    policy: str
    """The policy of the oracle that reached the causal bound."""
    always: float | None = None
    """What nobody passes, where that is less: batteries run full or empty as the oracle's do."""


def policies(seconds: float) -> tuple[Policy, ...]:
    """The policies that are worth their time in a run of so many seconds."""
    return POLICIES if seconds <= LONG else FEW


def reached(world: World, policy: Policy, progress: Progress = lambda _: None) -> Reached:
    """Let one policy of the oracle run."""
    twins = world.open()
    seconds, seen = world.lasts(twins), Truth(twins)
    holds = HOUR * sum(twins.twin(name).holds for name in twins.names[1:])
    _play(twins, Oracle(twins, policy), seen, seconds, progress)
    skipped = round(world.warm_up / STEP)
    change = sum(twins.twin(name).slew for name in twins.names[1:]) * STEP
    best = clairvoyant(_wanted(seen, skipped, (seen.takes, seen.gives)), change)
    always = clairvoyant(_wanted(seen, skipped, seen.rated), change)
    takes = max(seen.rated[0])
    stored = stored_only(seen.load[skipped:], takes, holds + takes * world.warm_up, STEP)
    return Reached(str(policy), mean_grid(seen.grid()[skipped:]), best, max(always, stored))


def best(found: Sequence[Reached]) -> Bounds:
    """Take the best policy in hindsight."""
    first = min(found, key=lambda item: item.causal)
    least = min(first.clairvoyant, first.causal)
    always = first.always if first.always < least - LITTLE else None
    return Bounds(least, first.causal, first.policy, always)


class Cache:
    """Bounds of earlier runs, one small file each, named by all that they follow from."""

    def __init__(self, folder: Path, world: World) -> None:
        self._file = folder / f"{key(world)}.json"

    def get(self) -> Bounds | None:
        """Return the bounds if they are known."""
        try:
            return Bounds(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, bounds: Bounds) -> None:
        """Keep the bounds; where that fails they are worked out again next time."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(asdict(bounds)), encoding="utf-8")
        except OSError as error:
            log.warning("the bounds are not kept: %s", plainly(error))


def key(world: World) -> str:
    """Name all that the bounds follow from: the plant, the load, and the code itself."""
    twins = world.open()
    seconds = world.lasts(twins)
    told = hashlib.sha256(f"{twins.fingerprint} {seconds} {world.warm_up}".encode())
    loads = (twins.load_energy(float(second)) for second in range(int(seconds) + 1))
    told.update(array("d", loads).tobytes())
    told.update(_code(type(twins)))
    return told.hexdigest()[:32]


@cache
def _code(plant: type) -> bytes:
    """A change of the code makes other bounds."""
    modules = (guesses, limits, oracle, truth)
    files = [Path(inspect.getfile(module)) for module in modules]
    files += sorted(Path(inspect.getfile(plant)).parent.glob("*.py"))
    return b"".join(file.read_bytes() for file in files)


def _play(
    twins: Twins, controller: Oracle, seen: Truth, seconds: float, progress: Progress
) -> None:
    meter = twins.names[0]
    for tick in count(1):
        end = min(tick * TICK, seconds)
        while (due := twins.next_due()) <= end:
            said = twins.advance(due)
            seen.reach(due)
            for _, name, value in said:
                if name == meter and isinstance(value, float):
                    controller.read(due, value)
        twins.advance(end)
        seen.reach(end)
        if end >= seconds:
            return
        controller.tick(end)
        if tick % 120 == 0:
            progress(end)


def _wanted(
    seen: Truth, skipped: int, limits: tuple[Sequence[float], Sequence[float]]
) -> Iterator[tuple[float, float, float]]:
    """For each sample the load, and what the batteries could take and give in its second."""
    takes, gives = limits
    last = len(gives) - 1
    for place in range(skipped, len(seen.load)):
        second = min(place // PER_SECOND, last)
        yield seen.load[place], -takes[second], gives[second]
