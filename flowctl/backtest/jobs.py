"""Many runs at once: in processes where it pays, with a word about how far they are."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children, get_context
from typing import Any, Generic, TypeVar

T = TypeVar("T")
WORTH = 7200.0  # simulated seconds from which on processes pay
BEAT = 0.2  # s between two words
KILLED = "a run was killed by the system, perhaps for want of memory; try fewer flows at once"
Tell = Callable[[float], None]
"""Is told the part of all the work that is done, 0 to 1."""
Progress = Callable[[float], None]
"""Is told how many seconds of a run are done."""

_reached: list[Any] = []
"""In a worker: how many seconds of each job are done, shared with its parent."""


@dataclass(frozen=True)
class Job(Generic[T]):
    """A run: a function that ends with a `progress` of simulated seconds."""

    work: Callable[..., T]
    given: tuple[Any, ...]
    seconds: float


def run_all(jobs: Sequence[Job[T]], tell: Tell = lambda _: None) -> list[T]:
    """Do all jobs; their results stand in the same order.

    Raises:
        Exception: what a job raised; `OSError` where a process was killed.
    """
    total = sum(job.seconds for job in jobs)
    workers = min(len(jobs), os.cpu_count() or 1)
    if workers < 2 or total < WORTH:
        return _one_by_one(jobs, total, tell)
    return _beside(jobs, workers, total, tell)


def _one_by_one(jobs: Sequence[Job[T]], total: float, tell: Tell) -> list[T]:
    results, done = list[T](), 0.0
    for job in jobs:
        results.append(job.work(*job.given, partial(_tell_part, tell, done, total)))
        done += job.seconds
    return results


def _tell_part(tell: Tell, before: float, total: float, now: float) -> None:
    tell((before + now) / total)


def _beside(jobs: Sequence[Job[T]], workers: int, total: float, tell: Tell) -> list[T]:
    context = get_context("spawn")  # a fork would copy the terminal's threads half
    reached = context.Array("d", len(jobs))
    with ProcessPoolExecutor(workers, context, _begin, (reached,)) as pool:
        waiting: set[Future[T]] = set()
        try:
            with _deaf():  # else Ctrl-C meets workers that cannot take it yet
                futures = [pool.submit(_work, place, job) for place, job in enumerate(jobs)]
            waiting = set(futures)
            while waiting:
                done, waiting = wait(waiting, BEAT, FIRST_COMPLETED)
                for future in done:
                    future.result()
                tell(sum(reached[:]) / total)
        except BaseException as error:
            _end(pool, for_good=isinstance(error, KeyboardInterrupt))
            if isinstance(error, BrokenProcessPool):
                raise OSError(KILLED) from None
            raise
        return [future.result() for future in futures]


def _end(pool: ProcessPoolExecutor, *, for_good: bool) -> None:
    """End all workers now; a second Ctrl-C meanwhile would leave a mess."""
    with _deaf(for_good=for_good):
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in active_children():  # one that begins would miss what we take away
            worker.terminate()
        pool.shutdown()


@contextmanager
def _deaf(*, for_good: bool = False) -> Iterator[None]:
    """Hear of a Ctrl-C only later; a process that is begun meanwhile, once it unblocks it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if not for_good:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(reached: Any) -> None:
    """Begin a worker: Ctrl-C ends it at once, its parent tells."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _reached.append(reached)


def _work(place: int, job: Job[T]) -> T:
    reached = _reached[-1]

    def progress(now: float) -> None:
        reached[place] = now

    result = job.work(*job.given, progress)
    reached[place] = job.seconds
    return result
