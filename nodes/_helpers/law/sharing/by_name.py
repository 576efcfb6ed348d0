"""A setting that is one number for all batteries, or a number for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

FULL = 100.0  # %


@dataclass(frozen=True, slots=True)
class ByName:
    """A number that may differ from battery to battery."""

    usual: float
    own: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> float:
        """Return what holds for one."""
        return self.own.get(name, self.usual) if self.own else self.usual


def by_name(given: float | Mapping[str, float], usual: float) -> ByName:
    """Read the setting; those that a mapping leaves out get the usual number."""
    return ByName(usual, given) if isinstance(given, Mapping) else ByName(given)


def window(low: ByName, high: ByName) -> tuple[ByName, ByName]:
    """Return a reserve and a ceiling; at 100 % and at 0 they forbid, and need no other.

    Raises:
        ValueError: one is above the other.
    """
    for name in (*low.own, *high.own) or ("",):
        least, most = low.of(name), high.of(name)
        if 0 < most < least < FULL:
            whose = f" of {name}" if name else ""
            said = f"the reserve{whose}, {least:g}%, is above the ceiling, {most:g}%"
            raise ValueError(f"{said}; a battery works between the two: exchange them")
    return low, high
