"""Share the house's load among batteries, so that the meter shows what is wanted."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from flowctl import Ge, Le, Log, Observable, Outlook, Percent, Plan, Watts
from nodes._helpers.operators import Receiver, each_with
from nodes._helpers.seating import Policy, Strategy
from nodes._helpers.sharing import Shared, step


def rebalance(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    target_from: Annotated[
        Observable[Watts] | None, "import wanted at the meter now; goes before `target`"
    ] = None,
    *,
    reserve: Annotated[
        Percent, Ge(0), Le(100), "charge below which a battery is not discharged"
    ] = 10.0,
    ceiling: Annotated[
        Percent, Ge(0), Le(100), "charge from which on a battery is not charged"
    ] = 100.0,
    target: Annotated[Watts, "import wanted at the meter; negative exports"] = 0.0,
    strategy: Annotated[
        Strategy,
        "who gives how much: by usable energy, charge, capacity or power, equally, by `weights`, "
        "or one after the other in `order`",
    ] = "energy",
    order: Annotated[Sequence[str], "batteries, first to last, for strategy `priority`"] = (),
    weights: Annotated[
        Mapping[str, Annotated[float, Ge(0)]] | None,
        "parts by battery for strategy `weighted`; 1 where not given",
    ] = None,
    share: Annotated[
        Watts, Ge(0), "one more battery joins when each would get this much; 0 uses all, always"
    ] = 300.0,
    log: Log,
) -> Observable[Plan]:
    """Make one plan per outlook: watts by battery, + discharging, with a reason for each.

    In: outlooks; out: plans that hold as long as the outlook's reading. Silent while no outlook
    comes. A plan names every battery that can be commanded, 0 W is commanded idle; one that went
    away gets one 0 W and is then left out. All shares have one sign. The only exception: if every
    other active battery answers more than 2.5 s later than the fastest, that one takes in for some
    seconds what the others cannot stop giving yet, and the grid would get.

    Each share is what the battery is to give in the end; the fastest one also covers what the
    others still owe. What a battery cannot give under its limits, reserve and learned ceiling goes
    to the others; what nobody can give is the plan's `unmet`. A battery that has not accepted what
    it is asked for, a clamp further down perhaps, keeps what it accepts for a minute. A first plan
    begins at what the batteries do already, if that is about what is needed.
    """
    policy = Policy(reserve, ceiling, strategy, tuple(order), weights or {}, share)
    others = {} if target_from is None else {"target": target_from}

    def hear(say: Receiver[Plan], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        state, strangers = Shared(), set(policy.order).union(policy.weights)

        def receive(outlook: Outlook) -> None:
            nonlocal state, strangers
            if strangers:
                _complain(strangers.difference(outlook.batteries), log)
                strangers = set()
            wanted = newest.get("target")
            if wanted is None or not math.isfinite(wanted):
                wanted = target
            state, plan = step(state, outlook, policy, wanted)
            say(plan)

        return receive

    return each_with(outlook, others, hear)


def _complain(strangers: set[str], log: Log) -> None:
    for name in sorted(strangers):
        log.warning("no battery is called %r; look at order and weights", name)
