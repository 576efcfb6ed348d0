"""A Marstek battery borrowed over its UDP API: what it is told, and how it is given back."""

import asyncio
import logging
import math
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from flowctl import Battery, Terms
from nodes._helpers import marstek_api as api
from nodes._helpers import marstek_session
from nodes._helpers.marstek_session import Session
from nodes._helpers.refused import RefusedError

SILENCES = 3  # polls without an answer in a row, then it is away
REFUSALS = 5  # commands it would not take in a row, then something is wrong
LOOKS = 3  # at whether it is its own again
BUSY, SETTLES = 100.0, 20.0  # W that are more than nothing, so many seconds after a release
GAP = 1.5  # a hold outlasts the next refresh by so much, however short the lease
OURS = (None, "Passive")  # modes that speak of nobody else
Mode = Literal["passive", "manual"]


class Loan:
    """Borrows one battery on terms."""

    def __init__(
        self,
        session: Session,
        terms: Terms,
        mode: Mode,
        log: logging.Logger,
        slot: int = api.SLOT,
    ) -> None:
        self._session, self._terms, self._mode, self._log = session, terms, mode, log
        self._slot = slot
        refresh = GAP * max(terms.refresh, terms.write_every)
        self.seconds = math.ceil(max(terms.lease, refresh))
        """How long the battery holds a power without hearing from us."""
        self._held = self._lost = False
        self._rests = math.inf  # when it is at 0 W, if it was left so
        self._silences = self._refusals = 0

    async def hold(self, watts: float) -> Battery | None:
        """Command a power; nothing is told if the battery was too busy to take it.

        Raises:
            OSError: it does not answer, or was too busy too often.
        """
        passive = self._mode == "passive"
        command = api.passive(watts, self.seconds) if passive else api.manual(watts, self._slot)
        self._held, self._lost, self._rests = True, False, math.inf
        if await self._session.set_mode(command):
            self._refusals = 0
            return Battery(setpoint=float(round(watts)), self_regulating=False, online=True)
        self._refusals += 1
        if self._refusals >= REFUSALS:
            raise OSError(
                f"it refused {REFUSALS} commands in a row; does an app steer it too, "
                "or does it want the other `mode`?"
            )
        return None

    async def taken(self) -> Battery | None:
        """Look whether somebody else has it who is to be yielded to: a command would end his mode.

        It is told once; a command that comes nevertheless is meant. No answer is none.
        """
        yields = self._terms.on_override == "yield" and self._mode == "passive"
        if yields and self._held and not self._lost:
            with suppress(OSError):
                battery = self._compared(await self._session.told_mode())
                return None if battery.mode in OURS else battery
        return None

    async def release(self) -> Battery:
        """Give it back, and look whether it is its own again.

        Raises:
            OSError: it does not answer, or will not.
        """
        own = self._terms.release == "own"
        if self._lost and self._terms.on_override == "yield":  # it stays in the mode it was put in
            self._held = self._lost = False
            return Battery(self_regulating=True, online=True)
        for _ in range(LOOKS):
            for config in self._farewell():
                if not await self._session.set_mode(config):
                    raise OSError(f"it refused to go back to {config['mode']} mode")
            if not own or await self._session.is_own():
                self._held, self._rests = False, math.inf if own else _now() + SETTLES
                return Battery(self_regulating=own, mode="Auto" if own else "Manual", online=True)
            await asyncio.sleep(marstek_session.PAUSE)
        raise OSError("it took Auto mode and is not in it")

    async def polled(self, *, read_mode: bool) -> Battery | None:
        """Read it; nothing is told if a single answer is missing.

        Raises:
            OSError: too many answers were missed in a row.
        """
        try:
            battery = await self._session.status(mode=read_mode)
        except (TimeoutError, RefusedError):
            self._silences += 1
            if self._silences >= SILENCES:
                raise
            return None
        self._silences = 0
        return self._compared(battery)

    async def end(self) -> None:
        """Give it back if it was not; from passive mode it comes free by itself all the same."""
        if self._held:
            with suppress(OSError):
                await self.release()
        if self._held:
            free = f"free in {self.seconds}s" if self._mode == "passive" else "set it in the app"
            self._log.warning("it could not be given back: %s", free)

    def _compared(self, battery: Battery) -> Battery:
        """Tell that it is not ours any more if it is in a mode that we did not put it into.

        Only passive mode is sure: what is left there by mistake comes free by itself.
        """
        if abs(battery.power or 0.0) > BUSY and _now() > self._rests:
            self._rests = math.inf
            cure = "its schedule has earlier entries: delete them in the app, or give `slot: 0`"
            self._log.warning("it was left at 0W and does %.0fW; %s", battery.power, cure)
        ours = battery.mode in OURS or self._mode != "passive"
        self._lost = self._held and not ours
        return replace(battery, self_regulating=True) if self._lost else battery

    def _farewell(self) -> list[dict[str, Any]]:
        """Say the commands that end a loan: ours goes first, so that nothing of it stays."""
        passive, slot = self._mode == "passive", self._slot
        if self._terms.release == "zero":  # an empty slot would leave the rest of its schedule
            return [*([api.passive(0.0, self.seconds)] if passive else []), api.manual(0.0, slot)]
        return [*([] if passive else [api.manual(None, slot)]), api.auto()]


def _now() -> float:
    return asyncio.get_running_loop().time()
