"""The shell around a device in a replay: what was written then is known, or it is not."""

import math

from flowctl.engine.explanation import Given
from flowctl.engine.override import Verdict
from flowctl.engine.sentences import apart
from flowctl.engine.shell import Shell
from flowctl.values import Battery

BESIDE = 0.05  # s between a release and the word that caused it, whichever was recorded first
THEN = "it was given back then, by the recording"


class Replayed(Shell):
    """Writes when the run of that day wrote, as long as the flow `follows` what it was then.

    What it writes is its own: a flow that decides otherwise shows that. A battery held what that
    run wrote, by which it is judged. Where that is not known, or the flow is another one, writes
    come by the beat of the terms; and only a battery on its own was taken by somebody else.
    """

    follows = False
    given: Given | None = None

    @property
    def is_untold(self) -> bool:
        """Whether that run had given it nothing yet."""
        return self.follows and self.given is None

    def follow(self, follows: bool) -> None:
        """Go by the writes of the run that is replayed from now on, or by one's own beat."""
        if follows != self.follows:
            self.follows = follows
            self._act()

    def write_as_then(self, watts: float | None) -> None:
        """Hear what was written in the run that is replayed, now; `None` is a release."""
        now, before = self._clock.time(), self.given
        repeats = before is not None and not apart(before.watts, watts)
        self.given = Given(watts, now, before.since if before and repeats else now)
        if not self.follows:
            return
        if watts is None:
            self._clock.later(BESIDE, self._release_as_then)
        elif not (self.closed or self.is_left or self._lease.has_ended(now)):
            self._write(now)

    def _release_as_then(self) -> None:
        if self.given and self.given.watts is None:
            self._release(THEN)

    def _due(self) -> float:
        return math.inf if self.follows else super()._due()

    def _held(self, watts: float) -> float:
        told = self.given.watts if self.follows and self.given else None
        return watts if told is None else told

    def _judge(self, record: Battery) -> Verdict:
        if self.follows:
            return super()._judge(record)
        verdict = self._hold.judge(record, self._clock.time(), soon=False)
        return "lost" if verdict in ("less", "other") and not record.self_regulating else verdict
