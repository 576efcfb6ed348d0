"""A folder with a few plain nodes, for tests of the engine itself."""

from pathlib import Path

NODES = {
    "src": '''
from collections.abc import AsyncIterator
from flowctl import Watts

async def src() -> AsyncIterator[Watts]:
    """Nothing by itself."""
    if False:
        yield 0.0
''',
    "bat": '''
from collections.abc import AsyncIterator
from typing import Annotated
from flowctl import Battery, Latest, Release, Terms, Watts

async def bat(
    setpoint: Latest[Watts | Release],
    *,
    host: Annotated[str, "address"] = "x",
    terms: Terms = Terms(),
) -> AsyncIterator[Battery]:
    """A battery of no make."""
    async for watts in setpoint:
        yield Battery(setpoint=watts if isinstance(watts, float) else 0.0)
''',
    "out": '''
from typing import Any
from flowctl import Latest

async def out(values: Latest[Any]) -> None:
    """A sink that forgets."""
    async for _ in values:
        pass
''',
    "inverse": '''
from flowctl import Observable

def inverse(values: Observable[float]) -> Observable[float]:
    """One over the value; zero makes it fail."""
    return values.map(lambda value: 1 / value)
''',
    "plus": '''
from collections.abc import Sequence
from flowctl import Observable, sampled

def plus(value: Observable[float], others: Sequence[Observable[float]] = ()) -> Observable[tuple]:
    """The trigger and the newest of the others."""
    return sampled(value, *others)
''',
    "running_sum": '''
from typing import Annotated
from flowctl import Observable

def running_sum(
    values: Observable[float], *, start: Annotated[float, "begin here"] = 0.0
) -> Observable[float]:
    """The sum of all values so far: state to lose or keep."""
    return values.scan(lambda total, value: total + value, start)
''',
    "late": '''
from typing import Annotated
from flowctl import Clock, Observable, Seconds

def late(
    values: Observable[float], *, by: Annotated[Seconds, "how late"] = 1.0, clock: Clock
) -> Observable[float]:
    """Each value, some seconds later; a timer that fails on negative values."""
    from reactivex import Subject
    said: Subject[float] = Subject()

    def say(value: float) -> None:
        if value < 0:
            raise RuntimeError("negative")
        said.on_next(value)

    values.subscribe(lambda value: clock.later(by, lambda: say(value)))
    return said
''',
    "refuses": '''
from typing import Annotated
from flowctl import Observable

def refuses(
    values: Observable[float],
    *,
    low: Annotated[float, "low"] = 0.0,
    high: Annotated[float, "high"] = 0.0,
) -> Observable[float]:
    """Refuses limits that cross."""
    if low > high:
        raise ValueError(f"low {low:g} is above high {high:g}; exchange them")
    return values
''',
}


def build(folder: Path, flow: str, **extra: str) -> Path:
    """Write a flow and the plain nodes beside it; return the flow's path."""
    nodes = folder / "nodes"
    nodes.mkdir(exist_ok=True)
    for name, code in {**NODES, **extra}.items():
        file = nodes / f"{name}.py"
        if not file.exists() or file.read_text() != code:
            file.write_text(code)
    path = folder / "flow.yaml"
    path.write_text(flow)
    return path
