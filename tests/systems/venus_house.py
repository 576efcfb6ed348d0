"""A house on the bench with batteries that follow its meter unless they are told something else."""

from collections import deque
from pathlib import Path

from flowctl import Battery
from flowctl.virtual.bench import Bench
from nodes.sim.own_logic import OwnLogic

STEP = 1.0  # s of the simulation
DEAD, LAG = 2, 1.2  # steps from a command to its first effect, and s of the time constant after it
WH = 3600.0


class Venus:
    """One battery: in Auto it follows the meter, in passive mode it holds what it was told."""

    def __init__(self, bench: Bench, name: str, soc: float, capacity: float = 5120.0) -> None:
        self._bench, self.name, self.soc, self.capacity = bench, name, soc, capacity
        self.mode = "Auto"
        self.power = 0.0
        self.able = 2500.0
        """What it really gives and takes at most."""
        self.online = True
        self.heard = 0  # commands taken
        self._way: deque[float | None] = deque([None] * DEAD)
        self._told: float | None = None
        self._logic, self._own = OwnLogic(), 0.0

    @property
    def told(self) -> float | None:
        """The setpoint in force; `None` while it is its own."""
        return self._told

    def step(self, grid: float) -> None:
        """Let a second pass."""
        self._obey()
        self._way.append(self._told)
        goal = self._way.popleft()
        if goal is None:
            self._own = self._logic.wanted(self._own, grid)
            goal = self._own = max(-self.able, min(self.able, self._own))
        else:
            self._own = goal
        held = max(-self.able, min(self.able, goal))
        held = min(held, 0.0) if self.soc <= 12.0 else max(held, 0.0) if self.soc >= 100.0 else held
        self.power += (held - self.power) * min(1.0, STEP / LAG)
        self.soc -= 100.0 * self.power * STEP / WH / self.capacity

    def tell(self) -> None:
        """Answer a poll."""
        if self.online:
            own = self.mode == "Auto"
            self._say(power=round(self.power), soc=round(self.soc), mode=self.mode, own=own)

    def lose(self) -> None:
        """Vanish: it goes on by itself, and the device says that it is away."""
        self.online = False
        self._bench.say(self.name, Battery(online=False))

    def _obey(self) -> None:
        heard = self._bench.heard(self.name)
        for _, watts in heard[self.heard :]:
            self.heard += 1
            if self.online:
                self._told, self.mode = watts, "Auto" if watts is None else "Passive"
                self._say(setpoint=watts, mode=self.mode, own=watts is None)

    def _say(self, *, own: bool, **fields: object) -> None:
        known = {"capacity": self.capacity, "max_charge": 2500.0, "max_discharge": 2500.0}
        record = Battery(online=True, self_regulating=own, **{**known, **fields})  # type: ignore[arg-type]
        self._bench.say(self.name, record)


class House:
    """A bench with its batteries, a load and a meter that is a second late."""

    def __init__(self, flow: str | Path, *socs: float, load: float = 300.0, **sets: str) -> None:
        self.bench = Bench(flow, accept=False, sets=sets)
        self.units = [Venus(self.bench, f"battery_{n}", soc) for n, soc in enumerate(socs, 1)]
        self.load, self.poll = load, 10
        self.metered = True
        self.seconds = 0
        self._late: deque[float] = deque([load])
        self.grids: list[float] = []

    @property
    def grid(self) -> float:
        """What the grid gives now."""
        return self.load - sum(unit.power for unit in self.units)

    def run(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            self.seconds += 1
            self._late.append(self.grid)
            seen = self._late.popleft()
            for number, unit in enumerate(self.units):
                unit.step(self.grid)
                if (self.seconds + 3 * number) % self.poll == 0:
                    unit.tell()
            if self.metered:
                self.bench.say("meter", seen)
            self.bench.advance(STEP)
            self.grids.append(self.grid)

    def roles(self) -> str:
        """A for one in Auto, h for one that is held, by battery."""
        return "".join("A" if unit.told is None else "h" for unit in self.units)

    def imbalance(self, seconds: int) -> float:
        """Mean distance of the grid from zero of late, W."""
        return sum(map(abs, self.grids[-seconds:])) / seconds
