"""Remote control of a Marstek Venus: taken, told, kept and given back."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from flowctl import Battery, Log, Store, Terms
from nodes._helpers import marstek
from nodes._helpers.debt import Debt
from nodes._helpers.marstek import CHARGE_POWER, CONTROL, FORCED, OFF, ON, STATE, Told, Words
from nodes._helpers.modbus import ModbusLink
from nodes._helpers.venus_doze import ASLEEP, Doze

ATTEMPTS = 2  # the second on a fresh session: control can be acknowledged and not kept
NUDGE = 1.0  # s without remote control that wake it
LOOKS = 5  # at a read-back that may lag
OURS = 8  # setpoints: what it was told before those is over
CURE = "set the app to manual mode without schedules, and switch its Local API off"


class Control:
    """What was borrowed from the battery, and what it was told last."""

    def __init__(
        self,
        link: ModbusLink,
        device: int,
        settle: float,
        reassert: float,
        *,
        terms: Terms,
        store: Store,
        log: Log,
    ) -> None:
        self.limit = math.inf
        """Largest power in either direction, W, once the family is known."""
        self._link, self._device = link, device
        self._settle, self._reassert, self._terms = settle, reassert, terms
        self._debt, self._log = Debt(store), log
        self._target: float | None = None
        self._written: dict[int, int] = {}
        self._session = -1  # of the link, in which control was last proved
        self._unclaimed = self._unkept = 0.0  # s
        self._looks = self._look_at_orders = False
        self._stolen = 0
        self._seen: list[int] = []
        self._ours: deque[float] = deque(maxlen=OURS)  # setpoints of late
        self._theirs: float | None = None  # W that somebody else has forced
        self._met: list[int] = []
        self._doze = Doze()
        self._soc: float | None = None
        self.held = self._debt.owed

    def borrowing(self) -> AbstractAsyncContextManager[None]:
        """Give the battery back when the block ends, unless it is away."""
        return self._debt.paid_by(self.release)

    async def command(self, watts: float) -> Battery:
        """Tell a setpoint, + discharging; taking control first where needed."""
        target = float(round(min(max(watts, -self.limit), self.limit)))
        again, self._target = target == self._target, target
        self._ours.append(target)
        self._theirs = None
        for _ in range(ATTEMPTS):
            if not self.held or self._session != self._link.sessions:
                await self._take()
            await self._order(target, whole=again)
            if self._session == self._link.sessions:
                break
        return Battery(setpoint=target, self_regulating=False, online=True)

    async def met(self) -> Told | None:
        """Look before an order, where the terms yield, whether it would undo somebody else's.

        It is told once; an order that comes nevertheless is meant.
        """
        yields = self._terms.on_override == "yield" and self.held
        if not yields or self._target is None or self._session != self._link.sessions:
            return None
        powers = await self._link.read(CHARGE_POWER, 2, device=self._device)
        if marstek.stands(self._target, powers):
            self._met = []
            return None
        before, self._met = self._met, powers
        return None if powers == before else await self._check_orders() or None

    async def check(self, passed: float) -> Told | None:
        """Look at every second call whether control and orders still stand; else `None`.

        `passed` is the time since the last call, s.
        """
        self._looks = self.held and not self._looks
        if not self._looks:
            return None
        passed *= 2
        if self._target is None:
            return await self._wait(passed)
        if self._session != self._link.sessions:
            return await self._regain()
        self._unkept += passed
        self._look_at_orders = not self._look_at_orders
        return await (self._check_orders() if self._look_at_orders else self._check_control())

    async def watch(self, told: Told, passed: float) -> None:
        """See whether it does what it was told; wake it if it sleeps over that.

        `passed` is the time since the last call, s.
        """
        self._soc = told.get("soc", self._soc)
        target = self._target if self.held else None
        self._doze = self._doze.after(passed, target, told.get("power"), self._soc)
        if self._doze.is_due:
            self._doze = self._doze.woken()
            if await self._reads(((STATE, 1),), lambda words: words[0] in ASLEEP):
                await self._wake()

    async def release(self) -> Battery:
        """Give the battery back to its own logic, or hold it at 0 W, as the terms say; verified.

        It works without knowing who took control: another process may be told to clear up.
        """
        if self._theirs is not None and await self._is_theirs(self._theirs):
            self._debt.owed, self.held, self._target, self._theirs = False, False, None, None
            return Battery(self_regulating=True)
        if not self.held and await self._link.read(CONTROL, device=self._device) != [ON]:
            return Battery(self_regulating=True)
        self._debt.owed = self.held = True
        zero = self._terms.release == "zero"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if await (self._rest() if zero else self._hand_back()):
                    break
            except OSError:
                if attempt == ATTEMPTS:
                    raise
            await self._link.renew()
        else:
            raise OSError(f"{self._link} does not let go of remote control; switch it off there")
        self._debt.owed, self.held, self._target = False, zero, 0.0 if zero else None
        return Battery(setpoint=0.0) if zero else Battery(self_regulating=True)

    async def _wake(self) -> None:
        said = "%s takes orders and does nothing: woken by switching remote control off and on"
        self._log.warning(said, self._link)
        await self._write(CONTROL, OFF)
        await asyncio.sleep(NUDGE)
        await self._take()
        await self._order(self._target or 0.0, whole=True)

    async def _take(self) -> None:
        self._debt.owed = self.held = True
        for _ in range(ATTEMPTS):
            await self._write(CONTROL, ON)
            if await self._reads(((CONTROL, 1),), lambda words: words[0] == ON):
                self._written.clear()
                self._session, self._unkept = self._link.sessions, 0.0
                return
            await self._link.renew()
        raise OSError(f"{self._link} takes remote control and does not keep it (42000); {CURE}")

    async def _order(self, watts: float, *, whole: bool = False) -> None:
        """Write what changed; the whole order when it is a repetition."""
        for register, value in marstek.orders(watts):
            if whole or self._written.get(register) != value:
                await self._write(register, value)
                self._written[register] = value

    async def _regain(self) -> Told:
        await self._take()
        await self._order(self._target or 0.0)
        return {"setpoint": self._target, "self_regulating": False}

    async def _check_control(self) -> Told:
        if not await self._reads(((CONTROL, 1),), lambda words: words[0] == ON):
            if self._terms.on_override == "yield":  # the shell will: nothing of ours is left in it
                self._debt.owed = self.held = False
                return {"self_regulating": True}
            self._stolen += 1
            level = self._log.warning if self._stolen == 1 else self._log.debug
            level("%s had fallen back to its own logic; taken again; %s", self._link, CURE)
            return await self._regain()
        if self._unkept >= self._reassert:
            await self._write(CONTROL, ON)
            self._unkept = 0.0
        return {"self_regulating": False}

    async def _check_orders(self) -> Told:
        """Tell the setpoint only where it is not what was told."""
        target = self._target or 0.0
        if await self._reads(FORCED, lambda words: marstek.agree(target, words)):
            return {}
        self._written.clear()
        held = marstek.ordered(self._seen)
        yields = self._terms.on_override == "yield"
        self._theirs = held if yields and marstek.is_foreign(held, self._ours) else None
        return {"setpoint": held}

    async def _is_theirs(self, watts: float) -> bool:
        return await self._reads(FORCED, lambda words: marstek.agree(watts, words))

    async def _wait(self, passed: float) -> Told:
        """Hold what an earlier run took, for one lease: a setpoint may follow."""
        self._unclaimed += passed
        if self._unclaimed <= self._terms.lease:
            return {}
        self._log.warning("%s was left under remote control and is given back", self._link)
        return {"self_regulating": (await self.release()).self_regulating}

    async def _hand_back(self) -> bool:
        for register, value in reversed(marstek.orders(0.0)):
            await self._write(register, value)
        await self._write(CONTROL, OFF)
        return await self._reads(((CONTROL, 1),), lambda words: words[0] == OFF)

    async def _rest(self) -> bool:
        await self._take()
        await self._order(0.0, whole=True)
        return await self._reads(FORCED, lambda words: marstek.agree(0.0, words))

    async def _write(self, register: int, value: int) -> None:
        await self._link.write(register, [value], device=self._device)

    async def _reads(
        self, blocks: tuple[tuple[int, int], ...], good: Callable[[Words], bool]
    ) -> bool:
        """Read back until it is good, for as long as a read-back may lag."""
        for _ in range(LOOKS):
            self._seen = []
            for register, count in blocks:
                self._seen += await self._link.read(register, count, device=self._device)
            if good(self._seen):
                return True
            await asyncio.sleep(self._settle / LOOKS)
        return False
