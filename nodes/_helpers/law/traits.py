"""What stays true of a battery: learned while it runs, told to people, kept over restarts."""

from typing import NamedTuple

from flowctl import Watts
from nodes._helpers.law.least import Least
from nodes._helpers.law.witness import Witness

PLAIN = 0.9  # of what it is told, from which on a battery gives all: its own meter errs, too
NEWS = 0.02  # by which the gain must have changed to be told anew: its mean sways with noise


class Traits(NamedTuple):
    """What is known of one battery besides its timing, and before that what most are like.

    A field that is to survive a restart has a line of the same name in `memory.KEPT`.
    """

    gain: float = 1.0
    """Part of what it is told that it gives, where neither a ceiling nor its charge binds it."""
    min_power: Watts = 0.0
    """Smallest power that it holds, in either direction, as it was seen; 0 if it holds any."""

    @property
    def part(self) -> float:
        """Least that it may give of what it is told without falling short; 1 for a plain one."""
        return self.gain if self.gain < PLAIN else 1.0


def words(gain: float, min_power: Watts) -> tuple[str, ...]:
    """Say for people what is not plain; in steps of 5 % and 5 W, since what is learned sways."""
    is_plain = abs(gain - 1) <= 1 - PLAIN
    least = 5 * round(min_power / 5)
    said = (
        "" if is_plain else f"gives {5 * round(20 * gain)}% of what it is told",
        f"gives nothing below {least}W" if least else "",
    )
    return tuple(filter(None, said))


def known(traits: Traits, witness: Witness, least: Least) -> Traits:
    """Take over what measurements say, as far as that is news."""
    if abs(witness.part - traits.gain) >= NEWS:
        traits = traits._replace(gain=round(witness.part, 2))
    if abs(least.watts - traits.min_power) >= 1:
        traits = traits._replace(min_power=float(round(least.watts)))
    return traits
