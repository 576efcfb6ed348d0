"""A battery borrowed through Home Assistant: what it is told, and how it is given back."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress

from flowctl import Battery, Log, Store, Terms, Watts
from nodes._helpers.debt import Debt
from nodes._helpers.ha_link import HomeAssistant
from nodes._helpers.ha_states import State
from nodes._helpers.ha_unit import Order, absence, is_done, ordered, orders, read_unit, spelled

LOOKS = 10  # at whether it has stopped


class Loan:
    """Borrows one battery on terms."""

    def __init__(
        self,
        link: HomeAssistant,
        names: Mapping[str, str],
        *,
        sign: int,
        settle: float,
        terms: Terms,
        store: Store,
        log: Log,
    ) -> None:
        self._link, self._names, self._sign, self._settle = link, names, sign, settle
        self._terms, self._debt, self._log = terms, Debt(store), log
        self._wanted: Watts | None = None
        self._due = self._again = False  # to be told, and if so the whole order
        self._absence = ""
        self._quiet = self._unclaimed = 0.0  # s since it was told; since an earlier run left it

    @property
    def _states(self) -> dict[str, State]:
        return {role: self._link.now(entity) for role, entity in self._names.items()}

    def borrowing(self) -> AbstractAsyncContextManager[None]:
        """Give the battery back when the block ends, unless it is away."""
        return self._debt.paid_by(self.release)

    def want(self, watts: Watts) -> None:
        """Take a setpoint, + discharging. The same one again is told again, whatever is known."""
        self._again = watts == self._wanted
        self._wanted, self._due = watts, True

    async def tell(self) -> Battery | None:
        """Tell the battery what is due, if it is there.

        Raises:
            OSError: Home Assistant is away or refuses.
        """
        states = self._states
        if not self._due or self._wanted is None or absence(states):
            return None
        self._due, self._debt.owed, self._quiet = False, True, 0.0
        await self._order(self._wanted, states, whole=self._again)
        told = sum(order.value for order in orders(self._wanted) if isinstance(order.value, float))
        setpoint = told if self._wanted > 0 else 0.0 - told
        return Battery(setpoint=setpoint, self_regulating=False, online=True)

    async def look(self, passed: float) -> Battery:
        """Read the telemetry; `passed` is the time since the last look, s.

        A battery that comes back is told what it missed. The setpoint is read back only where it is
        another one than it was told, and after it had time to settle.

        Raises:
            OSError: Home Assistant is away or refuses.
        """
        await self._link.refresh()
        states = self._states
        self._notice(absence(states))
        self._quiet += passed
        if self._wanted is None and self._debt.owed and not self._absence:
            await self._clear_up(passed)
        held = ordered(states) if self._wanted is not None else None
        if held is None or self._quiet < self._settle or self._agrees(states):
            return read_unit(states, self._sign)
        return Battery(setpoint=held).after(read_unit(states, self._sign))

    async def release(self) -> Battery:
        """Stop it, and look whether it did.

        Raises:
            OSError: Home Assistant is away or refuses, or the battery goes on.
        """
        self._wanted, self._due = None, False
        states = self._states
        why = absence(states)
        if why:
            self._log.warning("it cannot be stopped now (%s); it will be when it is back", why)
            self._debt.owed = True
            with suppress(OSError):
                await self._order(0.0, states, whole=True)
            return Battery(online=False)
        await self._order(0.0, states)
        await self._see_it_stopped()
        self._debt.owed = False
        return Battery(setpoint=0.0, self_regulating=False)

    async def _clear_up(self, passed: float) -> None:
        """Stop what was left running, after one lease: a setpoint may follow."""
        self._unclaimed += passed
        if self._unclaimed > self._terms.lease:
            self._log.warning("it was left running, and is stopped")
            self._unclaimed = 0.0
            await self.release()

    def _notice(self, why: str) -> None:
        if why and not self._absence:
            self._log.warning("not available: %s", why)
        elif self._absence and not why:
            self._log.warning("available again")
            self._due, self._again = self._wanted is not None, True
        self._absence = why

    def _agrees(self, states: Mapping[str, State]) -> bool:
        return all(is_done(order, states[order.role]) for order in orders(self._wanted or 0.0))

    async def _order(
        self, watts: Watts, states: Mapping[str, State], *, whole: bool = False
    ) -> None:
        """Call what differs from what the entities say; everything when it is a repetition."""
        for order in orders(watts):
            state = states[order.role]
            if whole or not is_done(order, state):
                await self._call(spelled(order, state), state.entity)

    async def _call(self, order: Order, entity: str) -> None:
        domain = entity.partition(".")[0]
        await self._link.call(f"{domain}.{order.service}", entity, **{order.key: order.value})

    async def _see_it_stopped(self) -> None:
        for _ in range(LOOKS):
            if ordered(self._states) == 0:
                return
            await asyncio.sleep(self._settle / LOOKS)
            await self._link.refresh()
        mode = self._states["mode"]
        raise OSError(f"it was told to stop, and {mode.entity} still says {mode.text}")
