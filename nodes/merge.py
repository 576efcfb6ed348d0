"""Let several streams speak as one."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Observable, Triggers
from nodes._helpers.timing import at_last

T = TypeVar("T")


def merge(
    values: Annotated[Observable[T], "the stream of this pipe"],
    others: Annotated[Sequence[Observable[T]], Triggers(), "streams that join it here"],
) -> Observable[T]:
    """Pass every value of every input as it comes; nothing is chosen, held or joined.

    In and out: values of one kind and unit. Silent only while all inputs are. It ends when the last
    of them has ended; an error of one passes at once. At the head of a pipe `from: [a, b]` does the
    same; `merge` adds streams further down.
    """

    def subscribe(
        out: abc.ObserverBase[T], clock: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        streams = (values, *others)
        end = at_last(len(streams), out.on_completed)
        return CompositeDisposable(
            [
                stream.subscribe(out.on_next, out.on_error, end, scheduler=clock)
                for stream in streams
            ]
        )

    return Observable(subscribe)
