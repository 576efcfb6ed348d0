"""The store inside a simulated battery: what is in it, what gets lost, what it bears."""

from math import sqrt

from nodes.sim.setup import BatterySetup

HOUR = 3600.0
WORKING = 0.5  # W; below this the electronics sleep and nothing is lost
LEAST_TAPER = 0.2  # part of the rating that is left just below full
RESUME = 1.5  # % above empty at which it discharges again
WEAK = 3.5  # % above empty below which it gives half
SUN_GIVEN = 0.95  # of what panels on its own side make, as AC power


class Cells:
    """Energy as AC power makes it; kept in watt seconds so that nothing is rounded away."""

    def __init__(self, setup: BatterySetup) -> None:
        self._setup = setup
        self.stored = setup.soc / 100 * setup.capacity * HOUR
        """What is in it, W s."""
        self.lost = 0.0
        """What was lost so far, W s."""
        self.sun = 0.0
        """What panels on its own side could make now, W; of it a full battery keeps nothing."""
        self.curtailed = 0.0
        """So much less they make, W, because nobody takes it."""
        self._delivered, self._in, self._out = 0.0, 0.0, 0.0
        self._exhausted = False
        self._seen: tuple[float, float] | None = None
        self._limits = 0.0, 0.0

    @property
    def soc(self) -> float:
        """State of charge, %."""
        return max(0.0, min(100.0, self.stored / self._setup.capacity / HOUR * 100))

    @property
    def charged(self) -> float:
        """Counter of AC energy taken, Wh."""
        return self._in / HOUR

    @property
    def discharged(self) -> float:
        """Counter of AC energy given, Wh."""
        return self._out / HOUR

    def draw(self, delivered: float, seconds: float, *, awake: bool = False) -> None:
        """Account for the AC energy delivered so far, W s, after some more seconds."""
        drawn, self._delivered = delivered - self._delivered, delivered
        loss = self.loss(abs(drawn) / seconds) * seconds
        if awake:
            loss = max(loss, self._setup.losses.standing * seconds)
        self.lost += loss
        self.stored -= drawn + loss
        self.curtailed = 0.0
        if self.sun:
            most = max(self.stored, self._setup.capacity * HOUR)
            spare = max(0.0, self.stored + self.sun * seconds - most)
            self.stored += self.sun * seconds - spare
            self.curtailed = spare / seconds
        self._out += max(0.0, drawn)
        self._in += max(0.0, -drawn)

    def loss(self, power: float) -> float:
        """Watts lost at an AC power."""
        if power < WORKING:
            return 0.0
        losses, setup = self._setup.losses, self._setup
        part = power / max(setup.max_charge, setup.max_discharge, 1.0)
        return losses.standing + losses.proportional / 100 * power + losses.at_full_power * part**2

    def least_loss(self) -> float:
        """Part of what it gives that is lost at least, at the power at which that is least."""
        losses, setup = self._setup.losses, self._setup
        full = max(setup.max_charge, setup.max_discharge, 1.0)
        part = sqrt(losses.standing / losses.at_full_power) if losses.at_full_power else 1.0
        part = min(1.0, max(part, WORKING / full))
        return self.loss(part * full) / (part * full)

    def limits(self) -> tuple[float, float]:
        """Watts it can take and give now, as magnitudes."""
        seen = self.stored, self.sun
        if seen != self._seen:
            self._seen, self._limits = seen, self._allowed()
        return self._limits

    def _allowed(self) -> tuple[float, float]:
        soc, setup = self.soc, self._setup
        if soc <= setup.empty:
            self._exhausted = True
        elif soc > setup.empty + RESUME:
            self._exhausted = False
        weak = 0.5 if soc <= setup.empty + WEAK else 1.0
        give = 0.0 if self._exhausted else setup.max_discharge * weak
        passed = min(setup.max_discharge, SUN_GIVEN * self.sun)
        return setup.max_charge * self._taper(soc), max(give, passed)

    def _taper(self, soc: float) -> float:
        start = self._setup.taper_from
        if soc >= 100.0:
            return 0.0
        if soc < start:
            return 1.0
        return max(LEAST_TAPER, 1 - (1 - LEAST_TAPER) * (soc - start) / (100.0 - start))
