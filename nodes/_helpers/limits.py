"""Limits of the output of a law: in order, and there where it would wind up without."""

from flowctl import Watts

WINDS_UP = "which grows as long as batteries at their limits leave something over"


def check_limits(low: Watts | None, high: Watts | None, grows: str = "", cure: str = "") -> None:
    """Make sure that limits make sense, and that there are two where something `grows`.

    Raises:
        ValueError: `low` is above `high`; what grows lacks one of them.
    """
    if low is not None and high is not None and low > high:
        raise ValueError(f"low {low:g}W is above high {high:g}W; exchange them")
    if grows and (low is None or high is None):
        raise ValueError(f"nothing limits {grows}, {WINDS_UP}; {cure}")
