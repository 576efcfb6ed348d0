"""Decide once: wait for a decision, let it be carried out, show it, and end.

No battery stays forced: at the end every device gives back what it has borrowed, as after any run.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from flowctl.engine.engine import Engine
from flowctl.engine.output import Output
from flowctl.engine.sentences import command
from flowctl.language.chain import devices
from flowctl.language.flow import INTO
from flowctl.live.session import Session
from flowctl.recordings.plain import plain
from flowctl.telling.glance import Glance, Looker, meter_text, watts_text
from flowctl.values import Battery, Plan, Release

LONGEST = 60.0  # s to wait for a decision
SETTLE = 1.0  # s from the first word of the last device: many tell how they are in several
GRACE = 6.0  # s for the rest of the devices to tell how they are: then it is decided without
ANSWER = 10.0  # s for the devices to take what they are told
LOOK = 0.05  # s between two looks


class Once:
    """Goes along with flows, as the live view does; ends them when all have decided."""

    def __init__(self, *, shadow: bool) -> None:
        self.shadow = shadow
        self.decisions: list[Decision] = []
        """What each flow decided; none if its time ran out."""

    async def decide(self, sessions: Sequence[Session]) -> None:
        """Wait for the decision of each flow, then end them."""
        watched = [Decision(session.engine, shadow=self.shadow) for session in sessions]
        await asyncio.gather(*(one.made() for one in watched))
        self.decisions += watched
        for session in sessions:
            session.engine.completed()


class Decision:
    """What one flow decides, and what its devices make of it."""

    def __init__(self, engine: Engine, *, shadow: bool) -> None:
        self._engine, self._shadow = engine, shadow
        self._looker, self._devices = Looker(engine), devices(engine.graph)
        self._accepted: dict[str, float] = {}
        self._taken: dict[str, bool] = {}
        self._at: datetime | None = None
        self._wants: dict[str, Any] = {}
        self._glance = Glance(engine.graph.name)
        for name in self._devices:
            self._output(name).listen(-1, self._keeper(name))

    async def made(self) -> None:
        """Wait until it is decided, and until what was decided is taken."""
        await _until(self._is_decided)
        await _until(lambda: all(self._output(name).count for name in self._devices), GRACE)
        await self._thought_again()  # for the first plan may have known none of them
        if not self._shadow:
            await _until(lambda: all(map(self._is_taken, self._devices)), ANSWER)
        self._at, self._glance = self._engine.clock.wall().astimezone(), self._looker.look()
        self._wants = {name: self._wanted(name) for name in self._devices if self._told(name)}
        self._taken = {name: self._is_taken(name) for name in self._devices}

    def lines(self) -> Iterator[str]:
        """Tell it to people."""
        seen = self._glance
        told = [meter_text(name, said) for name, said in seen.meters.items()]
        told += [] if seen.load is None else [f"load {watts_text(seen.load)}"]
        yield f"{seen.flow}, {self._at:%H:%M:%S}: " + ", ".join(told)
        width = max(map(len, self._devices), default=0)
        for one in seen.batteries:
            charge = "-" if one.soc is None else f"{one.soc:.0f} %"
            facts = f"{one.name:{width}}  {charge:>5}  {watts_text(one.power):>8}"
            yield f"  {facts}  {self._does(one.name)}{f' ({one.note})' if one.note else ''}"
        if seen.unmet:
            yield f"  {watts_text(seen.unmet)} unmet"
        yield "  nothing was written" if self._shadow else "  all are given back"

    def plain(self) -> dict[str, Any]:
        """Tell it to programs; powers in W, + into the house."""
        seen = self._glance
        return {
            "flow": seen.flow,
            "at": self._at.isoformat() if self._at else None,
            "meters": {name: watts for name, (watts, _) in seen.meters.items()},
            "load": seen.load,
            "unmet": seen.unmet,
            "batteries": {
                one.name: {
                    "soc": one.soc,
                    "power": one.power,
                    "setpoint": plain(self._wants.get(one.name)),
                    "reason": one.note,
                    "taken": self._taken[one.name],
                }
                for one in seen.batteries
            },
        }

    def _is_decided(self) -> bool:
        """Tell whether there is a plan, or in a flow without plans a setpoint."""
        plans = self._plans()
        return any(plan.count for plan in plans) or (
            not plans and any(map(self._told, self._devices))
        )

    async def _thought_again(self) -> None:
        """Wait until all who plan have planned once more, or for a while."""
        await asyncio.sleep(SETTLE)
        before = {plan: plan.count for plan in self._plans() if plan.count}
        await _until(lambda: all(plan.count > count for plan, count in before.items()), GRACE)

    def _plans(self) -> list[Output]:
        return [
            self._engine.output(step.id)
            for step in self._engine.graph.steps.values()
            if step.wire is not None and step.wire.type is Plan
        ]

    def _is_taken(self, name: str) -> bool:
        wanted = self._wanted(name)
        if self._shadow or not self._told(name) or isinstance(wanted, Release):
            return True
        accepted = self._accepted.get(name)
        return accepted is not None and abs(accepted - wanted) < 1

    def _does(self, name: str) -> str:
        if name not in self._wants:
            return "is left alone"
        return command(self._wants[name]) + ("" if self._taken[name] else ", and DID NOT TAKE IT")

    def _told(self, name: str) -> int:
        return self._engine.output(f"{name}/{INTO}").count

    def _wanted(self, name: str) -> Any:
        return self._engine.output(f"{name}/{INTO}").last

    def _output(self, name: str) -> Output:
        return self._engine.output(self._engine.graph.streams[name])

    def _keeper(self, name: str) -> Callable[[Battery], None]:
        def keep(record: Battery) -> None:
            if record.setpoint is not None:
                self._accepted[name] = record.setpoint

        return keep


async def _until(true: Callable[[], object], longest: float | None = None) -> None:
    """Wait until something is true, or for so long."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not true() and (longest is None or loop.time() - began < longest):  # noqa: ASYNC110
        await asyncio.sleep(LOOK)
