"""A Zendure that is steered: told what to do, asked what it does, and given back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from flowctl import Battery, Clock, Seconds, Watts
from nodes._helpers.fields import read_json
from nodes._helpers.http import Http
from nodes._helpers.zendure import IDLE, REPORT, WRITE, Report, order, read_report

CURES = {404: "is it a Zendure with a local interface? enable HEMS in its app once, and leave it"}
TRIES = 5  # looks at whether it was given back, a fifth of `settle` apart


class Session:
    """One battery. Powers: + discharging."""

    def __init__(self, link: Http, patience: Seconds, settle: Seconds, clock: Clock) -> None:
        self._link, self._patience, self._settle, self._clock = link, patience, settle, clock
        self._serial, self._limits = "", Battery()
        self._told: Watts | None = None
        self._told_at = 0.0
        self.borrowed = False

    async def look(self) -> Battery:
        """Ask what it does; its setpoint is told where it holds another than it was told.

        Raises:
            OSError: it does not answer or refuses.
            ValueError: the answer is no report.
        """
        report = await self._report()
        self._limits = report.battery
        late = self._clock.time() - self._told_at > self._settle
        other = self._told is not None and report.setpoint != self._told
        return (
            replace(report.battery, setpoint=report.setpoint) if late and other else report.battery
        )

    async def steer(self, watts: Watts) -> Battery:
        """Have it give or take a power; tell what it will hold.

        Raises:
            OSError: it does not answer or refuses.
        """
        if not self._serial:
            self._limits = (await self._sure()).battery
        held, properties = order(watts, self._limits)
        self.borrowed = True
        await self._write(properties)
        self._told, self._told_at = held, self._clock.time()
        return Battery(setpoint=held)

    async def release(self) -> Battery:
        """Have it stand at 0 W, and see that it does.

        Raises:
            OSError: it does not answer, refuses or does not stop.
        """
        await self._write(IDLE)
        for _ in range(TRIES):
            if (await self._sure()).setpoint == 0.0:
                self.borrowed, self._told = False, None
                return Battery(setpoint=0.0)
            await asyncio.sleep(self._settle / TRIES)
        raise OSError(f"{self._link.shown} does not stop; is HEMS on in its app? leave it")

    @asynccontextmanager
    async def borrowing(self) -> AsyncIterator[None]:
        """Give it back at the end, whatever happened."""
        try:
            yield
        finally:
            if self.borrowed:
                await self.release()

    async def _report(self) -> Report:
        said = await self._link.get(REPORT, patience=self._patience, cures=CURES)
        report = read_report(read_json(said))
        self._serial = report.serial
        return report

    async def _sure(self) -> Report:
        """Ask where an answer is needed: one that makes no sense is none."""
        try:
            return await self._report()
        except ValueError as why:
            raise OSError(f"{self._link.shown} answers nonsense: {why}") from None

    async def _write(self, properties: object) -> None:
        if not self._serial:
            await self._sure()
        told = {"sn": self._serial, "properties": properties}
        await self._link.post(WRITE, told, patience=self._patience, cures=CURES)
