"""A setting that is one number for all batteries, or a number for each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class ByName(NamedTuple):
    """A number that may differ from battery to battery."""

    usual: float
    own: Mapping[str, float] = MappingProxyType({})

    def of(self, name: str) -> float:
        """Return what holds for one."""
        return self.own.get(name, self.usual)


def by_name(given: float | Mapping[str, float], usual: float) -> ByName:
    """Read the setting; those that a mapping leaves out get the usual number."""
    return ByName(usual, given) if isinstance(given, Mapping) else ByName(given)
