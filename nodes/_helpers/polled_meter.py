"""The common part of all meters that batteries poll over UDP: who asks, and what it is answered."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import NamedTuple

from flowctl import Battery, Latest, Release, Watts
from nodes._helpers.b2500_steered import Steered
from nodes._helpers.either import either
from nodes._helpers.udp import Datagram, Port

BEAT = 1.0  # s between two looks at what has fallen silent


class Question(NamedTuple):
    """A poll of our battery, understood."""

    answer: Callable[[Watts], bytes]
    power: Watts | None = None
    """What the battery says to give, + discharging."""


async def answering(
    setpoint: Latest[Watts | Release],
    unit: Steered,
    link: Port,
    understand: Callable[[Datagram], Question | None],
    *messages: AsyncIterator[object],
) -> AsyncGenerator[Battery, None]:
    """Answer the polls of one battery; yield what it tells.

    It is answered as long as somebody steers it, and not before the flow knows of its poll: what
    it says of itself may be what the flow has been waiting for.
    """
    async with aclosing(either(setpoint.or_every(BEAT), link.hear(), *messages)) as events:
        async for event in events:
            if not isinstance(event, Datagram):
                told = unit.take(event)
            elif question := understand(event):
                told = unit.polled(question.power)
                watts = unit.shown()
                if watts is not None:
                    link.send(question.answer(watts), event.sender)
            else:
                continue
            for record in filter(None, (told, unit.accepted())):
                yield record
