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
    from rich.console import Group

REFRESH = 0.5  # s between two pictures: calm, and quicker than a meter
STATUS = 10.0  # s between two plain status lines
KEPT = 12  # state changes shown below the picture

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
        try:
            while True:
                live.update(picture([looker.look() for looker in lookers]), refresh=True)
                await asyncio.sleep(REFRESH)
        finally:
            live.update(picture([looker.look() for looker in lookers]), refresh=True)
            logging_lines(logging.getLogger().level, lively=False)  # what is given back is told


async def told(sessions: Sequence[Session]) -> None:
    """Log one status line a flow, now and then, where there is no terminal."""
    lookers = [Looker(session.engine) for session in sessions]
    while True:
        await asyncio.sleep(STATUS)
        for session, looker in zip(sessions, lookers, strict=True):
            if said := line(looker.look()):
                session.log.info("%s", said)


def picture(glances: Sequence[Glance]) -> "Group":
    """Draw glances, and the newest state changes below."""
    from rich.console import Group
    from rich.text import Text

    parts: list[object] = [part for glance in glances for part in _drawn(glance)]
    return Group(*parts, Text("\n".join(_lines), style="dim"))  # type: ignore[arg-type]


def _drawn(glance: Glance) -> list[object]:
    from rich.table import Table
    from rich.text import Text

    told = [meter_text(name, said) for name, said in glance.meters.items()]
    told += [f"load {watts_text(glance.load)}"] if glance.load is not None else []
    told += [f"unmet {watts_text(glance.unmet)}"] if glance.unmet else []
    told += [f"{name} {value}" for name, value in glance.others.items()]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("battery")
    for head in ("setpoint", "delivers", "charge"):
        table.add_column(head, justify="right", min_width=9)
    table.add_column("why", style="dim")
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
        _lines.extend(self.format(record).splitlines()[:4])
