"""What is believed of one battery: what it was told, what it owes, what it can do."""

import math
from dataclasses import dataclass, field

from flowctl import Seconds, Watts, changer
from nodes._helpers.law.knowing.answers import Answers
from nodes._helpers.law.knowing.bank import Bank, new_bank
from nodes._helpers.law.knowing.ceiling import AGAINST_TWICE, Ceiling
from nodes._helpers.law.knowing.doubt import Doubt
from nodes._helpers.law.knowing.facts import Facts
from nodes._helpers.law.knowing.flight import Flight, owed, owed_between
from nodes._helpers.law.knowing.least import Least
from nodes._helpers.law.knowing.renewal import NEW, Renewal
from nodes._helpers.law.knowing.still import Still
from nodes._helpers.law.knowing.traits import Traits
from nodes._helpers.law.knowing.witness import TOLERANCE, TOLERANCE_PART, Witness

SLOW, POLLS = 3.0, 2.0  # lags and polls after which a try has shown what it can show
STALE_POLLS, STALE_GRACE = 2.5, 2.0  # polls and s without telemetry: the battery is not there


@dataclass(frozen=True, slots=True)
class Belief:
    """One battery as the predictor sees it. Powers are + discharging."""

    dead: Seconds
    """From a setpoint it accepts to the first sign of that on the meter."""
    lag: Seconds
    """Time constant of its answer after that."""
    facts: Facts
    charge: Ceiling = field(default_factory=Ceiling)
    discharge: Ceiling = field(default_factory=Ceiling)
    traits: Traits = field(default_factory=Traits)
    absence: str = ""
    """Why it cannot be commanded; empty if it can."""

    expected: Watts = 0.0
    """What it delivers once everything in flight has landed."""
    accepted_at: Seconds = -math.inf
    awake_at: Seconds = -math.inf
    """Until when it wakes up."""
    flights: tuple[Flight, ...] = ()
    """Changes that it accepted and the meter does not show in full yet."""
    power: Watts | None = None
    """Its newest measurement; none if that is not believed."""

    began: tuple[Seconds, Seconds] = (0.0, 0.0)
    """Dead time and lag that it began with ..."""
    timed: bool = False
    """... and whether these were learned before."""
    accepted: Watts = 0.0
    """The setpoint it holds."""
    away: bool = True
    """Nothing is expected of it: its next measurement says what it does."""
    measured_at: Seconds | None = None
    poll: Seconds | None = None
    """Mean time between measurements."""
    renewal: Renewal = NEW
    """How seldom it measures, if it is asked more often."""
    still: Still | None = None
    """What the meter says of it, while its power is the same again and again."""
    witness: Witness = field(default_factory=Witness)
    least: Least = field(default_factory=Least)
    answers: Answers = field(default_factory=Answers)
    bank: Bank = field(default_factory=Bank)
    doubt: Doubt = field(default_factory=Doubt)
    """Whether it answers at all, while it tells nothing of its power."""

    @property
    def heard(self) -> bool:
        """Whether it has told anything of what it does."""
        return self.measured_at is not None or self.accepted_at > -math.inf

    @property
    def min_power(self) -> Watts:
        """Smallest power it can hold, as it says or was seen."""
        return max(self.facts.min_power or 0.0, self.traits.min_power)

    def given(self, at: Seconds) -> Watts:
        """What it gives although nobody here expects it now, + discharging."""
        if self.facts.self_regulating:
            return self.power or 0.0
        if self.away or self.witness.against < AGAINST_TWICE:
            return 0.0
        return (self.power or 0.0) - self.shows(at)

    def shows(self, at: Seconds) -> Watts:
        """Power visible on the meter at a time."""
        return self.expected - owed(self.flights, self.dead, self.lag, at)

    def moves(self, since: Seconds, until: Seconds) -> Watts:
        """How much more of it is visible at the second time than at the first."""
        return self.shows(until) - self.shows(since) if self.flights else 0.0

    def may_show(self, at: Seconds, delta: Seconds) -> tuple[Watts, Watts]:
        """Smallest and largest power visible if the dead time is wrong by `delta`.

        What is only tried may come or not, and is no load if it does not.
        """
        low = high = expected = self.expected
        if flights := self.flights:
            least, most = owed_between(flights, self.dead, delta, self.lag, at)
            low, high = expected - most, expected - least
        proven = self.charge.proven if expected < 0 else self.discharge.proven
        if proven == math.inf or not self.is_undecided(at):
            return low, high
        return (min(low, proven), high) if expected > 0 else (low, max(high, -proven))

    @property
    def is_cut(self) -> bool:
        """Whether it could not do all that it was told, in one direction at least."""
        return self.charge.proven < math.inf or self.discharge.proven < math.inf

    def ceiling(self, *, charging: bool) -> Ceiling:
        """Return what it is asked for at most in one direction."""
        return self.charge if charging else self.discharge

    def under(self, ceiling: Ceiling, *, charging: bool) -> "Belief":
        """Put a ceiling over one direction."""
        return _taking(self, charge=ceiling) if charging else _giving(self, discharge=ceiling)

    def is_tried(self) -> bool:
        """Tell whether it is asked for more than it was seen to deliver since its last ceiling."""
        ceiling = self.charge if self.expected < 0 else self.discharge
        return abs(self.expected) > (1 + TOLERANCE_PART) * ceiling.proven + TOLERANCE

    def is_undecided(self, at: Seconds) -> bool:
        """Tell whether it is tried, and may still show that it can or cannot."""
        if not self.is_tried():
            return False
        shown = (
            max(self.accepted_at, self.awake_at)
            + self.dead
            + SLOW * self.lag
            + POLLS * (self.poll or 0.0)
        )
        return at < shown

    def is_gone(self, at: Seconds) -> bool:
        """Tell whether nothing can be expected of it."""
        if self.facts.online is False:
            return True
        poll, measured_at = self.poll, self.measured_at
        if poll is None or measured_at is None:
            return False
        return at - measured_at > STALE_POLLS * poll + STALE_GRACE


def believe(
    dead: Seconds,
    lag: Seconds,
    rating: Watts,
    traits: Traits | None = None,
    *,
    timed: bool = False,
) -> Belief:
    """Begin with a battery of which no more is known than this; `timed` before, or guessed."""
    facts = Facts(max_charge=rating, max_discharge=rating)
    known = traits or Traits()
    witness, least = Witness(part=known.gain), Least(known.min_power)
    return Belief(
        dead,
        lag,
        facts,
        traits=known,
        began=(dead, lag),
        timed=timed,
        witness=witness,
        least=least,
        bank=new_bank(dead, lag, known=timed),
    )


_taking, _giving = changer(Belief, "charge"), changer(Belief, "discharge")
