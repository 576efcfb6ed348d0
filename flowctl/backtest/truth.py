"""What really happens in a plant, sampled: what every figure and picture is made of."""

from array import array
from collections.abc import Sequence

from flowctl.backtest.twins import Twins

STEP = 0.25  # s: finer than any meter, coarse enough for a week
PER_SECOND = round(1 / STEP)


class Truth:
    """Mean powers of each `STEP`, W, and once a second what the batteries could do. + discharging.

    The plant remembers only the last seconds: ask often.
    """

    def __init__(self, twins: Twins) -> None:
        self._twins = twins
        self._batteries = [twins.twin(name) for name in twins.names[1:]]
        self._samples = 0
        self.names = twins.names[1:]
        self.stores = [battery.stores for battery in self._batteries]
        self.load, self.sun = array("d"), array("d")
        """What the house drew less what its roof made; what the roof made."""
        self.powers = [array("d") for _ in self._batteries]
        self.takes, self.gives = array("d"), array("d")
        """What all batteries together could take and give, each second."""
        self.rated = array("d"), array("d")
        """The same, were none of them full or empty."""
        self.shares = [array("f") for _ in self._batteries]
        """What each of them could take of that."""
        self.socs = [array("f") for _ in self._batteries]
        """State of charge, %, each second."""
        self.stored, self.lost = array("d"), array("d")
        """Energy in all batteries, and lost inside them so far, Wh, at each second from 0 on."""
        self._count()
        self._before = self._energies(0.0)

    @property
    def naps(self) -> list[Sequence[tuple[float, float]]]:
        """When each of them gave nothing and was kept awake, `(since, until)`, s."""
        return [battery.naps for battery in self._batteries]

    @property
    def seconds(self) -> float:
        """How much of it there is."""
        return len(self.load) * STEP

    def reach(self, now: float) -> None:
        """Take the samples that are due."""
        while (time := (self._samples + 1) * STEP) <= now:
            self._samples += 1
            energies = self._energies(time)
            load, sun, *powers = (
                (after - before) / STEP
                for after, before in zip(energies, self._before, strict=True)
            )
            self._before = energies
            self.load.append(load)
            self.sun.append(sun)
            for samples, power in zip(self.powers, powers, strict=True):
                samples.append(power)
            if self._samples % PER_SECOND == 0:
                self._look()

    def grid(self) -> "array[float]":
        """What passed the meter, W, + import."""
        if not self.powers:
            return self.load[:]
        total = map(sum, zip(*self.powers, strict=True))
        return array("d", (load - given for load, given in zip(self.load, total, strict=True)))

    def _energies(self, time: float) -> list[float]:
        house, sun = self._twins.load_energy(time), self._twins.sun_energy(time)
        return [house, sun, *(battery.energy(time) for battery in self._batteries)]

    def _look(self) -> None:
        takes = gives = 0.0
        rated = [battery.rated() for battery in self._batteries]
        for place, kept in enumerate(self.rated):
            kept.append(sum(limits[place] for limits in rated))
        for battery, shares, socs in zip(self._batteries, self.shares, self.socs, strict=True):
            take, give = battery.reached()
            takes += take
            gives += give
            shares.append(take)
            socs.append(battery.soc)
        self._count()
        self.takes.append(takes)
        self.gives.append(gives)

    def _count(self) -> None:
        self.stored.append(sum(item.soc * item.capacity / 100 for item in self._batteries))
        self.lost.append(sum(item.lost for item in self._batteries))


def per_second(samples: Sequence[float]) -> "array[float]":
    """Means of each second."""
    whole = len(samples) - len(samples) % PER_SECOND
    parts = [samples[offset:whole:PER_SECOND] for offset in range(PER_SECOND)]
    return array("d", (sum(part) / PER_SECOND for part in zip(*parts, strict=True)))
