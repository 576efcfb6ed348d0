"""What stays true of a battery: learned while it runs, told to people, kept over restarts."""

from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.answers import Answers
from nodes._helpers.law.knowing.least import Least
from nodes._helpers.law.knowing.witness import Witness

PLAIN = 0.9  # of what it is told, from which on a battery gives all: its own meter errs, too
NEWS_SECONDS = 0.5  # by which times must have changed: each answer is seen to a poll at best
SLOW = 1.0  # s of start-up, or of telemetry behind the meter, that people want to know of
NEWS = 0.02  # by which the gain must have changed to be told anew: its mean sways with noise


class Traits(NamedTuple):
    """What is known of one battery besides its timing, and before that what most are like.

    A field that is to survive a restart has a line of the same name in `memory.KEPT`.
    """

    gain: float = 1.0
    """Part of what it is told that it gives, where neither a ceiling nor its charge binds it."""
    min_power: Watts = 0.0
    """Smallest power that it holds, in either direction, as it was seen; 0 if it holds any."""

    start_up: Seconds = 0.0
    """How much longer an answer takes out of standby."""
    behind: Seconds = 0.0
    """How much later than the meter it tells of its moves; negative if it tells sooner."""

    @property
    def part(self) -> float:
        """Least that it may give of what it is told without falling short; 1 for a plain one."""
        return self.gain if self.gain < PLAIN else 1.0


def words(gain: float, min_power: Watts, start_up: Seconds, behind: Seconds) -> tuple[str, ...]:
    """Say for people what is not plain; in steps of 5 %, 5 W and 0.5 s, since all of it sways."""
    is_plain = abs(gain - 1) <= 1 - PLAIN
    least = 5 * round(min_power / 5)
    said = (
        "" if is_plain else f"gives {5 * round(20 * gain)}% of what it is told",
        f"gives nothing below {least}W" if least else "",
        f"takes {round(2 * start_up) / 2:g}s more to start up" if start_up >= SLOW else "",
        f"tells of itself {round(2 * behind) / 2:g}s after the meter" if behind >= SLOW else "",
    )
    return tuple(filter(None, said))


def known(traits: Traits, witness: Witness, least: Least) -> Traits:
    """Take over what measurements say, as far as that is news."""
    if abs(witness.part - traits.gain) >= NEWS:
        traits = traits._replace(gain=round(witness.part, 2))
    if abs(least.watts - traits.min_power) >= 1:
        traits = traits._replace(min_power=float(round(least.watts)))
    return traits


def paced(traits: Traits, answers: Answers, dead: Seconds, lag: Seconds) -> Traits:
    """Take over what answers say of start-up delay and age of telemetry, as far as that is news."""
    start_up, behind = answers.start_up(dead, lag), answers.behind(dead, lag)
    if start_up is not None and abs(start_up - traits.start_up) >= NEWS_SECONDS:
        traits = traits._replace(start_up=round(start_up, 1))
    if behind is not None and abs(behind - traits.behind) >= NEWS_SECONDS:
        traits = traits._replace(behind=round(behind, 1))
    return traits
