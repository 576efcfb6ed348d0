"""When a Marstek Venus that was told to work does nothing, and is to be woken. Pure.

After a cut-off at full charge some units stay in standby: they take every order and give nothing
until remote control was switched off for a second, and on again.

Source: wake-up nudge of ffunes/Marstek-Venus-Energy-Manager 2.1.1 (42000: off, 1 s, on); units that
acknowledge and stay in standby: Omnibattery.
"""

from dataclasses import dataclass, replace

NOTHING, WORTH = 15.0, 100.0  # W: a standby, and an order that cannot be taken for one
FIRST, LONGEST = 30.0, 3600.0  # s of doing nothing before it is woken; each time twice as long
EMPTY, FULL = 20.0, 95.0  # %; beyond, a battery may have reasons of its own to do nothing
ASLEEP = (0, 1)  # of the inverter state, 35100: sleep, standby


@dataclass(frozen=True, slots=True)
class Doze:
    """For how long a battery has done nothing of what it was told."""

    idle: float = 0.0
    """s"""
    patience: float = FIRST
    """So much of it is borne, s."""

    @property
    def is_due(self) -> bool:
        """Whether it is to be woken."""
        return self.idle >= self.patience

    def after(
        self, seconds: float, target: float | None, power: float | None, soc: float | None
    ) -> "Doze":
        """Follow what it was told and what it does, W, + discharging."""
        if target is None or power is None or not could(target, soc):
            return replace(self, idle=0.0)
        if abs(power) > NOTHING:
            return Doze() if abs(power) > WORTH else replace(self, idle=0.0)
        return replace(self, idle=self.idle + seconds)

    def woken(self) -> "Doze":
        """Be more patient after an attempt: what does not help is not to be done all day."""
        return Doze(patience=min(2 * self.patience, LONGEST))


def could(target: float, soc: float | None) -> bool:
    """Tell whether it must be able to do what it was told."""
    if soc is None or abs(target) < WORTH:
        return False
    return soc > EMPTY if target > 0 else soc < FULL
