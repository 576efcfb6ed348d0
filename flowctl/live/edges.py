"""The live ends of a flow: tended tasks at every edge."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from flowctl.engine.ends import Edge, End
from flowctl.events import BOUND, Events
from flowctl.latest import Latest
from flowctl.live.meeting import Meeting, Seat
from flowctl.live.tend import Tended
from flowctl.marks import EventsIf
from flowctl.values import Battery

log = logging.getLogger("flowctl")
SHORT = 1.0  # s a sink gets for its last value
BREATH = 100  # values after which others get their turn: a source may never wait by itself
PATIENCE = 12.0  # s a device gets to give its battery back: a Venus may stall for 10 s


class LiveEnds:
    """Runs sources, sinks and devices as tasks; `shadow` reads devices and writes nothing.

    `given` hears by the name of its stream what each device is given, after all have met.
    """

    def __init__(
        self, *, shadow: bool = False, given: Callable[[str, Any], None] = lambda _name, _what: None
    ) -> None:
        self.shadow, self._given = shadow, given
        self._tasks: set[Tended] = set()
        self._devices: dict[str, _Borrower] = {}
        self._borrowing: set[asyncio.Task[None]] = set()
        self._meeting = Meeting()
        self.forced: Sequence[str] = ()
        """Devices that did not answer when they were to be given back."""

    def source(self, edge: Edge, push: Callable[[Any], None], done: Callable[[], None]) -> End:
        """Pour what a source yields into its stream, restarting it when it fails."""

        async def attempt(well: Callable[[], None]) -> None:
            await _pour(edge, edge.start(), push, well)
            done()

        return _Poured(self._tend(edge, attempt))

    def sink(self, edge: Edge) -> End:
        """Drain a stream into a sink: the newest value, or each where each counts."""
        box = _box(edge)

        async def attempt(well: Callable[[], None]) -> None:
            box.retry()
            box.delivered = well
            try:
                await edge.start(box)
            except Exception as error:
                if isinstance(box, Events) and not isinstance(error, OSError):
                    box.skip()  # nobody is away: it is this value, and others wait behind it
                raise

        return _Drained(box, self._tend(edge, attempt), muted=self.shadow, patience=PATIENCE)

    def device(self, edge: Edge, push: Callable[[Battery], None], renew: Callable[[], None]) -> End:
        """Run a device: commands go into its box, its records into its stream."""
        box: Latest[Any] = Latest()
        seat = self._meeting.join(self._giver(edge, box), renew)
        before = self._devices.get(edge.step.id)
        told = _Presence(push, gone=before is not None and before.told.gone, seat=seat)
        if before:
            before.told.is_over = True
            told.begin_anew()
        again = False

        async def attempt(well: Callable[[], None]) -> None:
            nonlocal again
            box.retry()
            if box.spent:  # nothing is left to be told: it need not be found again for that
                return
            if again:
                renew()
            elif before and not await before.given_back():
                edge.log.warning("%s is not given back yet, and is taken again", edge.step.stream)
            again = True
            await _pour(edge, edge.start(box), told.say, well)

        tended = self._tend(edge, attempt, away=told.away)
        self._devices[edge.step.id] = _Borrower(tended.task, told)
        self._borrowing.add(tended.task)
        tended.task.add_done_callback(self._borrowing.discard)
        return _Drained(box, tended, muted=self.shadow, seat=seat)

    def _giver(self, edge: Edge, box: Latest[Any]) -> Callable[[Any], None]:
        def put(value: Any) -> None:
            self._given(edge.step.stream, value)
            box.put(value)

        return put

    async def finish(self) -> None:
        """Wait until every device has given its battery back, or patience ends."""
        tasks = {tended.task for tended in self._tasks}
        devices = tasks & self._borrowing
        late = await _wait(devices, PATIENCE)
        self.forced = sorted(task.get_name() for task in late)
        for name in self.forced:
            log.error("%s did not answer in %g s; it may be forced", name, PATIENCE)
        open_ends = late | await _wait(tasks - devices, SHORT)
        for task in open_ends:
            task.cancel()
        await _wait(open_ends, PATIENCE)

    def _tend(self, edge: Edge, attempt: Any, **more: Any) -> Tended:
        tended = Tended(edge.step.stream, edge.log, attempt, edge.report, **more)
        self._tasks.add(tended)
        tended.task.add_done_callback(lambda _: self._tasks.discard(tended))
        return tended


def _box(edge: Edge) -> Latest[Any]:
    spec = edge.step.spec
    events = spec.inputs[0].events if spec else False
    if isinstance(events, EventsIf):
        events = bool(edge.arguments[events.setting])
    if not events:
        return Latest()
    told = "%s: events come faster than they go out; %d wait, and older ones are dropped"
    return Events(overflowing=lambda: edge.log.warning(told, edge.step.stream, BOUND))


class _Presence:
    """Tells that a device went away, and with its next record that it is back."""

    def __init__(self, push: Callable[[Battery], None], *, gone: bool, seat: Seat) -> None:
        self._push, self.gone, self._seat = push, gone, seat
        self.is_over = False
        """Whether another one speaks for the device by now."""

    def away(self) -> None:
        self.gone = True
        self._seat.known()
        self._tell(Battery(online=False))

    def begin_anew(self) -> None:
        """Tell that it is handed over: what it does meanwhile is not what the flow told it."""
        if not self.gone:
            self.gone = True
            self._tell(Battery(online=False))

    def say(self, record: Any) -> None:
        if self.gone and isinstance(record, Battery) and record.online is None:
            record = replace(record, online=True)
        self.gone = False
        self._seat.say(record)
        self._tell(record)

    def _tell(self, record: Any) -> None:
        if not self.is_over:
            self._push(record)


class _Borrower:
    """A device step at work. A reload hands the device over: it is released, then borrowed."""

    def __init__(self, task: asyncio.Task[None], told: _Presence) -> None:
        self._task, self.told = task, told

    async def given_back(self) -> bool:
        """Wait for that; a device that is gone, to another address say, holds up its heir no more.

        It goes on trying, and has no say any more.
        """
        self.told.is_over = bool(await _wait({self._task}, PATIENCE))
        return not self.told.is_over


class _Poured:
    """The end of a source: nothing is put into it, closing it ends its task."""

    def __init__(self, tended: Tended) -> None:
        self._tended = tended

    def put(self, value: Any) -> None:
        """Sources take nothing."""

    def close(self) -> None:
        self._tended.task.cancel()


class _Drained:
    """The end of a sink or device: a box of one, and the task that empties it."""

    def __init__(
        self,
        box: Latest[Any],
        tended: Tended,
        *,
        muted: bool,
        patience: float | None = None,
        seat: Seat | None = None,
    ) -> None:
        self._box, self._tended, self._muted = box, tended, muted
        self._seat = seat
        self._patience = patience
        """How long it may try to get rid of its last value; `None`: for ever."""

    def put(self, value: Any) -> None:
        if not self._muted:
            (self._seat or self._box).put(value)

    def close(self) -> None:
        if self._seat:
            self._seat.leave()
        self._box.close()
        self._tended.hurry()
        if self._patience is not None:
            asyncio.get_running_loop().call_later(self._patience, self._tended.task.cancel)


async def _wait(tasks: set[asyncio.Task[None]], seconds: float) -> set[asyncio.Task[None]]:
    """Wait for tasks; return those that are still at it."""
    return (await asyncio.wait(tasks, timeout=seconds))[1] if tasks else set()


async def _pour(
    edge: Edge,
    made: AsyncIterator[Any],
    push: Callable[[Any], None],
    well: Callable[[], None],
) -> None:
    together = 0
    async with aclosing(made) as values:  # type: ignore[type-var]
        async for value in values:
            well()
            push(value)
            together += 1
            if together % BREATH == 0:
                await asyncio.sleep(0)
