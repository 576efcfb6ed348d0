"""What a Marstek Venus tells: which family it is, its power, and all else in turn."""

from itertools import cycle

from flowctl import Log
from nodes._helpers import marstek
from nodes._helpers.marstek import Counter, Told
from nodes._helpers.marstek_families import FAMILIES, Family, Question, named
from nodes._helpers.modbus import ModbusLink
from nodes._helpers.refused import RefusedError
from nodes._helpers.registers import text

ABSENT = (1, 2, 3)  # exception codes that mean "never", not "not now"


async def meet(link: ModbusLink, device: int, family: str, log: Log) -> "Telemetry":
    """Get to know a battery of a family, or of whatever family it says."""
    known = FAMILIES.get(family) or await _recognise(link, device, log)
    return Telemetry(link, device, known, log)


async def _recognise(link: ModbusLink, device: int, log: Log) -> Family:
    """Find the family by name, else by what only the newer firmware base has.

    That 30001 answers proves nothing: on v1 and v2 it is a voltage. A newer battery of unknown name
    is taken for an A: its map serves all three, and its limit is the lowest.
    """
    name = text(await _try(link, device, marstek.NAME, 10))
    family = named(name)
    if family is None:
        version = await _try(link, device, marstek.V3_VERSION)
        newer = any(version) or bool(await _try(link, device, marstek.V3_SOC))
        family = FAMILIES["a" if newer else "v2"]
        told = "%s has the unknown name '%s'; taken for family %s, up to %gW (set `family`)"
        log.warning(told, link, name, family.name, family.limit)
    return family


async def _try(link: ModbusLink, device: int, register: int, count: int = 1) -> list[int]:
    try:
        return await link.read(register, count, device=device)
    except RefusedError:
        return []


class Telemetry:
    """Asks a battery; keeps what it does not have, and what it cannot mean, out of the records."""

    def __init__(self, link: ModbusLink, device: int, family: Family, log: Log) -> None:
        self._link, self._device, self._family, self._log = link, device, family, log
        self._turn = cycle(family.others)
        self._absent: set[str] = set()
        self._doubted: set[str] = set()
        self._counters: dict[str, Counter] = {}

    @property
    def limit(self) -> float:
        """Largest power of the family in either direction, W."""
        return self._family.limit

    async def all(self) -> Told:
        """Ask everything once."""
        told: Told = {"max_charge": self.limit, "max_discharge": self.limit}
        for question in dict.fromkeys(self._family.others):
            told |= await self._optional(question)
        return told | await self.power()

    async def power(self) -> Told:
        """Ask the AC power."""
        try:
            return await self._ask(self._family.power)
        except RefusedError as error:
            cure = f"it is not a Venus of family {self._family.name}; set `family`"
            raise RefusedError(f"{error}; {cure}", error.code) from None

    async def next(self) -> Told:
        """Ask what is next in turn."""
        question = next(self._turn)
        return {} if question.name in self._absent else await self._optional(question)

    async def _optional(self, question: Question) -> Told:
        """Ask what not every firmware has."""
        try:
            return await self._ask(question)
        except RefusedError as error:
            if error.code in ABSENT:
                self._absent.add(question.name)
                self._log.debug("no %s: %s", question.name, error)
            return {}

    async def _ask(self, question: Question) -> Told:
        words: list[int] = []
        for register, count in question.blocks:
            words += await self._link.read(register, count, device=self._device)
        told = question.tell(words)
        kept = marstek.credible(told)
        self._log.odd += len(told) - len(kept)
        for name in told.keys() - kept.keys() - self._doubted:
            self._doubted.add(name)
            self._log.warning("%s tells an impossible %s: %s", self._link, name, told[name])
        return {name: self._steady(name, value) for name, value in kept.items()}

    def _steady(self, name: str, value: float | str) -> float | str | None:
        if name not in ("charged", "discharged"):
            return value
        counter = self._counters.get(name, Counter()).after(float(value))
        self._counters[name] = counter
        return counter.value
