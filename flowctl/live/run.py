"""Run flows live until they end, a signal comes, or their time is up."""

import asyncio
import logging
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from flowctl.faults import Fault, FlowError
from flowctl.language.chain import devices
from flowctl.language.check import load
from flowctl.language.graph import Graph, Step
from flowctl.live.clock import LiveClock
from flowctl.live.guarding import Guarding
from flowctl.live.holding import HeldError, hold
from flowctl.live.session import Options, Session
from flowctl.live.storage import Storage
from flowctl.live.watch import stamps, watch
from flowctl.zone import strange_zone

log = logging.getLogger("flowctl")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # the last: the terminal is gone

Beside = Callable[[Sequence[Session]], Awaitable[None]]


async def run(
    sources: Sequence[Path],
    options: Options,
    beside: Sequence[Beside] = (),
    guard: Guarding | None = None,
) -> list[Session]:
    """Run flows in one process, isolated from each other; return when all have stopped.

    `beside` are tasks that go along (a live view, a control socket); they end with the flows.
    The guard begins before the first device is dialled, and goes on until all are given back.

    Raises:
        FlowError: a flow is faulty; none has been started.
    """
    graphs = [load(source, sets=options.sets) for source in sources]
    _apart(graphs, options)
    if zone := strange_zone():
        cure = "write a name such as Europe/Berlin, and install `tzdata` if it is not known"
        log.warning("TZ=%s is no time zone here, times of day go by UTC; %s", zone, cure)
    with _borrowing(graphs, options):
        pairs = list(zip(sources, graphs, strict=True))
        return await _run(pairs, options, beside, guard or Guarding((), (), wanted=False))


async def _run(
    pairs: Sequence[tuple[Path, Graph]],
    options: Options,
    beside: Sequence[Beside],
    guard: Guarding,
) -> list[Session]:
    clock = LiveClock()
    storage = Storage(options.state) if options.state else None
    sessions = [Session(source, graph, clock, options, storage) for source, graph in pairs]
    with _stop_on_signals(guard.last) as stop:
        guard.start(sessions)
        guarded = asyncio.ensure_future(_go_along(guard.beating, sessions))
        try:
            await _live(sessions, options, beside, stop)
        finally:
            guard.last()
            guarded.cancel()
            await asyncio.gather(guarded, return_exceptions=True)
            if storage:
                storage.close()
    return sessions


async def _live(
    sessions: Sequence[Session], options: Options, beside: Sequence[Beside], stop: asyncio.Event
) -> None:
    tasks = [asyncio.ensure_future(_go_along(task, sessions)) for task in beside]
    loaded = [stamps(session.engine.graph.watches) for session in sessions]
    try:
        _start(sessions, stop)
        if options.watch:
            tasks.append(asyncio.ensure_future(watch(sessions, loaded)))
        with suppress(TimeoutError):
            async with asyncio.timeout(options.seconds):
                await stop.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(session.stop() for session in sessions))
        await asyncio.gather(*tasks, return_exceptions=True)


def _apart(graphs: Sequence[Graph], options: Options) -> None:
    """Make sure that flows do not write into each other's state, socket or recording."""
    for name, times in Counter(graph.name for graph in graphs).items():
        if times > 1:
            raise FlowError(f"two flows are called '{name}'; give one another `flow:` name")
    if options.record and len(graphs) > 1:
        raise FlowError("a recording holds one flow; run and record each of them by itself")
    if twice := [] if options.shadow else list(_twice(graphs)):
        raise FlowError(twice)


def _twice(graphs: Sequence[Graph]) -> Iterator[Fault]:
    """Yield the devices that an earlier flow steers already."""
    known: dict[Any, tuple[str, Step]] = {}
    for graph in graphs:
        for step in graph.steps.values():
            flow, first = known.setdefault(step.address, (graph.name, step))
            if step.address is not None and first is not step:
                said = f"is the same device as {first.id} of flow '{flow}'"
                yield Fault(step.mark, "E311", step.id, said, "steer it from one flow", step.line)


@contextmanager
def _borrowing(graphs: Sequence[Graph], options: Options) -> Iterator[None]:
    """Hold the right to borrow the batteries of these flows; the system takes it back at the end.

    Raises:
        FlowError: another run of one of them has it.
    """
    with ExitStack() as stack:
        for graph in graphs:
            if options.state and not options.shadow and devices(graph):
                _lock(options.state, graph, stack)
        yield


def _lock(state: Path, graph: Graph, stack: ExitStack) -> None:
    try:
        hold(state, graph.name, stack)
    except HeldError as held:
        cure = "stop that run; or watch it with --shadow; or give another flow another name"
        raise FlowError(f"{held}; {cure}") from None


def _start(sessions: Sequence[Session], stop: asyncio.Event) -> None:
    running = set(range(len(sessions)))

    def ended(index: int) -> None:
        running.discard(index)
        if not running:
            stop.set()

    for index, session in enumerate(sessions):
        session.engine.completed = partial(ended, index)
        session.start()
    for session in sessions:  # before any device is dialled; all ticks have begun together by now
        session.note()


@contextmanager
def _stop_on_signals(asked: Callable[[], None]) -> Iterator[asyncio.Event]:
    """Give what is set by the first signal. A second one ends it at once, as its guardian can.

    The handlers run between any two lines of Python: a step that never returns holds up the loop.
    """
    stop, loop, before = asyncio.Event(), asyncio.get_running_loop(), dict[int, Any]()
    signals = list[int]()

    def handle(number: int, _: object) -> None:
        signals.append(number)
        if len(signals) > 1:
            os._exit(128 + number)
        asked()
        loop.call_soon_threadsafe(stop.set)

    outlives = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN  # started by `nohup`
    for number in map(int, SIGNALS):
        if outlives and number == signal.SIGHUP:
            continue
        with suppress(ValueError):  # not the main thread
            before[number] = signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _go_along(beside: Beside, sessions: Sequence[Session]) -> None:
    try:
        await beside(sessions)
    except Exception as error:  # noqa: BLE001 - a broken view must not stop a house
        name, ours = getattr(beside, "__name__", beside), not isinstance(error, OSError)
        sessions[0].log.error("%s ended: %s", name, error, exc_info=ours)
