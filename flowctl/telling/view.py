"""What a person sees while flows run: a calm picture on a terminal, plain lines elsewhere."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flowctl.live.session import Session
from flowctl.telling.glance import Glance, Looker, line, meter_text, watts_text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

REFRESH = 0.5  # s between two pictures: calm, and quicker than a meter
STATUS = 10.0  # s between two plain status lines
KEPT = 20  # lines of state changes that are remembered
LEAST = 4  # of them shown below the picture, however many batteries there are

_lines: deque[str] = deque(maxlen=KEPT)
log = logging.getLogger("flowctl")


def logging_lines(level: int, *, lively: bool) -> None:
    """Send log lines to standard error, or into the live view."""
    handler: logging.Handler = _Kept() if lively else logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("pymodbus", "aiohttp", "mqtt", "amqtt", "watchfiles", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)


async def shown(sessions: Sequence[Session]) -> None:
    """Draw the live view until the flows end."""
    from rich.live import Live  # only a terminal needs it

    lookers = [Looker(session.engine) for session in sessions]
    with Live(auto_refresh=False, screen=False) as live:
        size = live.console.size
        try:
            while True:
                if live.console.size != size:  # a terminal that got narrower broke the lines
                    size = live.console.size
                    live.console.clear()
                live.update(Picture([looker.look() for looker in lookers]), refresh=True)
                await asyncio.sleep(REFRESH)
        finally:
            live.update(Picture([looker.look() for looker in lookers]), refresh=True)
            logging_lines(logging.getLogger().level, lively=False)  # what is given back is told


async def told(sessions: Sequence[Session]) -> None:
    """Log one status line a flow, now and then, where there is no terminal."""
    lookers = [Looker(session.engine) for session in sessions]
    while True:
        await asyncio.sleep(STATUS)
        for session, looker in zip(sessions, lookers, strict=True):
            if said := line(looker.look()):
                session.log.info("%s", said)


class Picture:
    """Glances, and the newest state changes below: as much as the terminal holds.

    What is too much is cut at the end of the glances and at the beginning of the changes.
    """

    def __init__(self, glances: Sequence[Glance]) -> None:
        self._parts = [part for glance in glances for part in _drawn(glance)]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw it on a terminal of some size."""
        from rich.console import Group
        from rich.segment import Segment
        from rich.text import Text

        rows = max(console.height - 1, LEAST)
        above = console.render_lines(Group(*self._parts), options, pad=False)
        news = Text("\n".join(_lines), style="dim")
        below = console.render_lines(news, options, pad=False) if _lines else []
        above = above[: rows - min(len(below), LEAST)]
        for row in above + below[max(0, len(below) + len(above) - rows) :]:
            yield from row
            yield Segment.line()


def _drawn(glance: Glance) -> "list[RenderableType]":
    from rich.table import Table
    from rich.text import Text

    told = [meter_text(name, said) for name, said in glance.meters.items()]
    told += [f"load {watts_text(glance.load)}"] if glance.load is not None else []
    told += [f"unmet {watts_text(glance.unmet)}"] if round(glance.unmet or 0.0) else []
    told += [f"{name} {value}" for name, value in glance.others.items()]
    table = Table(box=None, pad_edge=False, header_style="dim")
    names = ["battery", *(battery.name for battery in glance.batteries)]
    table.add_column(names[0], no_wrap=True, min_width=max(map(len, names)))
    for head in ("setpoint", "delivers", "charge"):
        table.add_column(head, justify="right", no_wrap=True, min_width=9)
    table.add_column("why", style="dim", no_wrap=True)
    for battery in glance.batteries:
        soc = "-" if battery.soc is None else f"{battery.soc:.0f} %"
        table.add_row(
            battery.name,
            watts_text(battery.setpoint),
            watts_text(battery.power),
            soc,
            battery.note,
        )
    title = Text(f"{glance.flow}  ", style="bold").append("   ".join(told), style="not bold")
    return [title, table] if glance.batteries else [title]


class _Kept(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _lines.extend(self.format(record).splitlines()[:KEPT])
