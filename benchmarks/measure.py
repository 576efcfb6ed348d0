"""What the benchmarks share. The machine is shared too, so they compare within one run."""

import os
import resource
import time
from collections.abc import Callable

HOPS = 10


def cheapest(cost: Callable[[], float], rounds: int = 5) -> float:
    """The least disturbed of several rounds."""
    return min(cost() for _ in range(rounds))


def cpu(action: Callable[[], object]) -> float:
    """CPU seconds of this process."""
    began = time.process_time()
    action()
    return time.process_time() - began


def closures(values: int = 200_000) -> float:
    """CPU us per hop of plain closures that call each other: what Python itself asks here, now."""

    def add(say: Callable[[float], None]) -> Callable[[float], None]:
        return lambda value: say(value + 1.0)

    first: Callable[[float], None] = lambda _: None  # noqa: E731 - the end of the chain
    for _ in range(HOPS):
        first = add(first)
    return cpu(lambda: [first(1.0) for _ in range(values)] and None) / values / HOPS * 1e6


def memory(pid: int | str = "self") -> float:
    """Resident MB of a process."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """The most MB that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def process_cpu(pid: int) -> float:
    """CPU seconds another process has used so far."""
    with open(f"/proc/{pid}/stat") as file:
        told = file.read().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")


def load() -> str:
    """How busy the machine is while this runs."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
