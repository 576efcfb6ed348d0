"""A reading that stands still while batteries move: the meter repeats itself, and is not heard.

Many a meter rightly repeats: a house at rest, telegrams that come each 10 s and are read each
second, another controller that holds the zero, a range that ends. So only what cannot be counts.
What a battery does at the beginning and now is an interval each, of what it tells and where it was
sent; who tells nothing may have moved or not, and speaks for no verdict. If all together have
surely moved, and that for longer than the meter takes to renew its reading, it is frozen.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.law.knowing.band import oldest
from nodes._helpers.law.knowing.belief import Belief
from nodes._helpers.law.knowing.renewal import NEW, Renewal

RENEWS = 15.0  # s that one reading may stand, until known, and at most: slower ones serve no law
FORGOTTEN = 60.0  # s after which a longer time than now is a third of what it was
BETWEEN = 1.5  # periods between two that repeat: then one came and went in a period
LATE = 3.0  # s on top, that the meter may be behind what a battery tells of itself
MOVED = 250.0  # W in sum: more than noise, and than what a load makes up for by chance
HELD = 25.0  # W around zero where another may hold it: firmware leaves 20 W alone
FAR = 5000.0  # W from which on it may be the end of the meter's range


class Span(NamedTuple):
    """What a battery may have done when the reading was new."""

    low: Watts
    high: Watts
    is_known: bool
    """Whether it has told since what it did then; until that all it tells may be of before."""


class Standing(NamedTuple):
    """Since when the reading is the same, and what batteries have done meanwhile."""

    since: Seconds = math.inf
    """When it was new; infinite while no reading repeats."""
    renews: Seconds = RENEWS
    """How long one reading was the same at most, of late ..."""
    ended_at: Seconds = -math.inf
    """... and when the last one that was the same again ended."""
    spans: Mapping[str, Span] = MappingProxyType({})
    moved: Watts = 0.0
    """By how much all batteries together have surely moved ..."""
    moved_at: Seconds = math.inf
    """... and since when that is so."""
    frozen: bool = False
    renewal: Renewal = NEW
    """How seldom it is renewed, if it is read more often."""


def begun(before: Standing, began_at: Seconds, since: Seconds, period: Seconds) -> Standing:
    """Begin with a reading that was new at `since`; the meter was first read at `began_at`.

    If readings before it did not repeat, the meter renews each of them.
    """
    renews_all = since - max(began_at, before.ended_at) > BETWEEN * period
    renews = period if renews_all else max(period, before.renews)
    return Standing(since, renews, renewal=before.renewal)


def ended(before: Standing, at: Seconds) -> Standing:
    """End with another reading; how long a frozen one took tells nothing of the meter."""
    if before.frozen:
        return Standing(renews=before.renews, ended_at=at)
    renewal = before.renewal.another(at)
    if before.since == math.inf:
        return before._replace(renewal=renewal)
    stood = at - before.since
    renews = max(min(RENEWS, stood), before.renews * math.exp(-stood / FORGOTTEN))
    return Standing(renews=renews, ended_at=at, renewal=renewal)


def repeated(
    before: Standing, beliefs: Mapping[str, Belief], watts: Watts, at: Seconds
) -> Standing:
    """Judge a reading that is the same again; once it is frozen, only another one ends that."""
    before = before._replace(renewal=before.renewal.again(before.since))
    if before.frozen or not HELD < abs(watts) < FAR:
        return before
    if any(belief.facts.self_regulating for belief in beliefs.values()):
        return before._replace(spans={}, moved_at=math.inf)  # it moves on its own
    spans = {
        name: _spanned(before.spans.get(name), belief, before.since)
        for name, belief in beliefs.items()
    }
    moved = _surely(spans, beliefs)
    if not moved:
        return before._replace(spans=spans, moved_at=math.inf)
    moved_at = min(before.moved_at, at)
    frozen = at - moved_at >= before.renews + LATE
    return before._replace(spans=spans, moved=moved, moved_at=moved_at, frozen=frozen)


def _surely(spans: Mapping[str, Span], beliefs: Mapping[str, Belief]) -> Watts:
    """Return by how much all have moved at least, one way; nothing if that may be little.

    A battery is between what it tells and where it was sent.
    """
    least = most = 0.0
    for name, span in spans.items():
        belief = beliefs[name]
        end, power = belief.expected, belief.power
        low, high = (end, end) if power is None else (min(end, power), max(end, power))
        up, down = low - span.high, high - span.low
        least += up if span.is_known else min(0.0, up)
        most += down if span.is_known else max(0.0, down)
    return least if least > MOVED else most if most < -MOVED else 0.0


def _spanned(span: Span | None, belief: Belief, since: Seconds) -> Span:
    """Bring up to date what a battery may have done at the beginning.

    It was between where it had been sent by then and all that it tells of that time.
    """
    power, told_at, poll = belief.power, belief.measured_at, belief.poll
    if span is None:
        sent = belief.expected - sum(change for at, change in belief.flights if at >= since)
        span = Span(sent, sent, is_known=False)
    if span.is_known or power is None or told_at is None or poll is None:
        return span
    known = told_at >= since + oldest(belief, poll)
    return Span(min(span.low, power), max(span.high, power), known)
