"""Say here, in one line, what this node does for the house."""

from typing import Annotated

from flowctl import Ge, Observable, Watts


def my_node(
    # Before the star: the streams that come in. The first one makes the step speak.
    power: Annotated[Observable[Watts], "what comes in"],
    *,
    # After the star: the settings. Type, limits and one sentence; the flow file is checked by them.
    above: Annotated[Watts, Ge(0), "a smaller power counts as none"] = 50.0,
    # `clock: Clock`, `store: Store` or `log: Log` here are handed in and need not be set.
) -> Observable[Watts]:
    """Say a power that counts, and zero in place of a small one; one per value.

    The first line is the summary of the page that `flowctl nodes my_node` shows. Hold, do not drop:
    silence always means that there is no data. A power is positive when it flows into the house.
    """

    def counted(watts: float) -> float:
        return watts if abs(watts) >= above else 0.0

    return power.map(counted)
