"""A present system on the bench: its flow file, its meter and its two batteries in one's hands."""

from pathlib import Path

from flowctl import Battery
from flowctl.testing import Bench

FOLDER = Path(__file__).parent.parent.parent / "flows" / "baselines"


class Present:
    """A baseline in virtual time; batteries do at once what they are told unless said otherwise."""

    def __init__(self, name, *, follows=True, left=None, right=None, edits=None, **sets):
        text = (FOLDER / f"{name}.yaml").read_text()
        for old, new in (edits or {}).items():
            assert old in text
            text = text.replace(old, new)
        self.bench = Bench(text if edits else FOLDER / f"{name}.yaml", sets=sets)
        self.follows = follows
        self.tell(left={"power": 0.0, "soc": 50.0} | (left or {}),
                  right={"power": 0.0, "soc": 50.0} | (right or {}))  # fmt: skip

    def tell(self, **batteries):
        """What batteries tell now: `left={"power": 300.0}`."""
        for name, fields in batteries.items():
            self.bench.say(name, Battery(**fields))

    def read(self, *watts, every=1.0):
        """Meter readings, one after the other; batteries then measure what they were told."""
        for reading in watts:
            self.bench.say("meter", float(reading))
            if self.follows:
                for name in ("left", "right"):
                    self.tell(**{name: {"power": self.last(name)}})
            self.bench.advance(every)

    def last(self, name):
        """The newest setpoint of a battery; 0 while it is its own."""
        heard = self.bench.heard(name)
        return float(heard[-1][1] or 0.0) if heard else 0.0

    @property
    def both(self):
        return self.last("left"), self.last("right")

    @property
    def total(self):
        return sum(self.both)

    def totals(self, stream="plan"):
        """The sums of all plans so far, with their times."""
        return [(t, round(sum(plan.watts.values()), 6)) for t, plan in self.bench.stream(stream)]
