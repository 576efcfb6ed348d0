"""Share the house's load among batteries, so that the meter shows what is wanted."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

from flowctl import (
    Ability,
    Alike,
    Ge,
    Le,
    Log,
    Lt,
    NamesBatteries,
    NotAfter,
    Observable,
    OnlyWith,
    Outlook,
    Percent,
    Plan,
    Seconds,
    Watts,
)
from nodes._helpers.law.sharing.by_name import by_name, window
from nodes._helpers.law.sharing.losses import STANDBY, Curve, Losses, read_curve
from nodes._helpers.law.sharing.round import Policy, Strategy
from nodes._helpers.law.sharing.step import Shared, step
from nodes._helpers.operators import Receiver, each_with

Charge = Annotated[Percent, Ge(0), Le(100)]
Loss = Annotated[Watts, Ge(0)]
RESERVE, CEILING = 10.0, 100.0  # %


def rebalance(
    outlook: Annotated[
        Observable[Outlook],
        Alike("tolerance", ("target", "target_from"), "what is left alone lies around another aim"),
        NotAfter(
            "feed_in_cap",
            "so much is exported on top of what that allows",
            "leave it at 0, or ask for it by `aim` before feed_in_cap",
            where=("target", Lt(0)),
        ),
        "the house as `response_predictor` sees it",
    ],
    target_from: Annotated[
        Observable[Watts] | None, "import wanted at the meter now; goes before `target`"
    ] = None,
    *,
    reserve: Annotated[
        Charge | Mapping[str, Charge],
        NamesBatteries(),
        "charge below which a battery is not discharged; by battery: `{left: 12%, right: 20%}`",
    ] = RESERVE,
    ceiling: Annotated[
        Charge | Mapping[str, Charge],
        NamesBatteries(),
        "charge from which on a battery is not charged; may be by battery, too",
    ] = CEILING,
    target: Annotated[Watts, "import wanted at the meter; negative exports"] = 0.0,
    strategy: Annotated[
        Strategy,
        "who gives how much: by usable energy, charge, capacity or power, equally, by `weights`, "
        "one after the other in `order`, or as few as lose least (`efficiency`)",
    ] = "energy",
    order: Annotated[
        Sequence[str],
        NamesBatteries(),
        OnlyWith("strategy", "priority", needed=True),
        "batteries, first to last, for strategy `priority`; those left out follow, as "
        "`response_predictor` lists them",
    ] = (),
    weights: Annotated[
        Mapping[str, Annotated[float, Ge(0)]] | None,
        NamesBatteries(),
        OnlyWith("strategy", "weighted", needed=True),
        "parts by battery for strategy `weighted`; 1 where not given, 0 leaves it out",
    ] = None,
    share: Annotated[
        Watts, Ge(0), "one more battery joins when each would get this much; 0 uses all, always"
    ] = 300.0,
    standby: Annotated[
        Loss | Mapping[str, Loss],
        NamesBatteries(),
        OnlyWith("strategy", "efficiency"),
        "for strategy `efficiency`: what a battery loses as soon as it works; may be by battery",
    ] = STANDBY,
    efficiency: Annotated[
        Mapping[Watts, Annotated[Percent, Ge(0), Le(100)]] | None,
        OnlyWith("strategy", "efficiency"),
        "for strategy `efficiency`: of one battery by power, its standby included, e.g. `{100W: "
        "85%, 500W: 94%, 2.5kW: 90%}`; if not given, 3.5 % and 12 W at 1 kW, rising with the "
        "square, are lost on top of `standby`",
    ] = None,
    least_on: Annotated[
        Seconds, Ge(0), "one that works stays until it was not needed for so long"
    ] = 180.0,
    log: Log,
) -> Observable[Plan]:
    """Make one plan per outlook: watts by battery, + discharging, with a reason for each.

    In: outlooks; out: plans that hold as long as the outlook's reading. Silent while no outlook
    comes. A plan names every battery that can be commanded, 0 W is commanded idle; one that went
    away gets one 0 W and is then left out. All shares have one sign. The only exception: if every
    other active battery answers more than 2.5 s later than the fastest, that one takes in for some
    seconds what the others were told to stop giving, and the grid would get.

    Each share is what the battery is to give in the end; the fastest one also covers what the
    others still owe. What a battery cannot give under its limits, reserve and learned ceiling goes
    to the others; what nobody can give is the plan's `unmet`. A battery that has not accepted what
    it is asked for, a clamp further down perhaps, keeps what it accepts for a minute, or for 10 s
    while the house lacks power; one that has given more than it is told for 8 s keeps that, and the
    others share what is left. A first plan begins at what the batteries do already, if that is
    about what is needed.

    What is less than `share` is left to who works already, until others have been nearer to it, by
    charge and speed, for `least_on`: around zero nobody starts and stops with each change of sign.
    A `priority` holds at once.

    With `strategy: efficiency` as many work as lose least together: standby speaks for one, what
    grows with the square of the power for more; another number must save 5 W. The fullest gives,
    the emptiest takes; being at work counts 6 points of charge. Who was not needed for `least_on`
    hands over: it goes down evenly within 30 s, and those that stay come up.

    Panels on a battery's own side (`pv_power`) count: at its reserve it gives what they make, and
    what they make while it is full is given before all else.

    Reserve and ceiling that move with a stream, or hold for a while: `soc_window`. Limits of power
    by battery: `max_charge` and `max_discharge` of its device step, or `restrict`.

    Raises:
        ValueError: `efficiency` has no points above 0 W; a reserve is above its ceiling.

    Source: the losses are those of the plants that the law was measured on (docs/control.md); the
    constants, each with its reason, stand in nodes/_helpers/law/.
    """
    low, high = window(by_name(reserve, RESERVE), by_name(ceiling, CEILING))
    policy = Policy(
        reserve=low,
        ceiling=high,
        strategy=strategy,
        order=tuple(order),
        weights=weights or {},
        share=share,
        losses=Losses(by_name(standby, STANDBY), _curve(efficiency)),
        least_on=least_on,
    )
    others = {} if target_from is None else {"target": target_from}

    def hear(say: Receiver[Plan], newest: Mapping[str, Watts | None]) -> Receiver[Outlook]:
        state, looked = Shared(), False

        def receive(outlook: Outlook) -> None:
            nonlocal state, looked
            if not looked:
                _complain(policy, outlook.batteries, log)
                looked = True
            wanted = newest.get("target")
            if wanted is None or not math.isfinite(wanted):
                wanted = target
            state, plan = step(state, outlook, policy, wanted)
            say(plan)

        return receive

    return each_with(outlook, others, hear)


def _curve(efficiency: Mapping[Watts, Percent] | None) -> Curve | None:
    if efficiency is None:
        return None
    points = {power: part for power, part in efficiency.items() if power > 0}
    if not points:
        raise ValueError("efficiency has no points; give e.g. {100W: 85%, 500W: 94%}")
    return read_curve(points)


def _complain(policy: Policy, batteries: Mapping[str, Ability], log: Log) -> None:
    for name in sorted(policy.named.difference(batteries)):
        log.warning("no battery is called %r; look at the settings of rebalance", name)
    weights = [policy.weights.get(name, 1.0) for name in batteries]
    if policy.strategy == "weighted" and weights and not any(weights):
        log.warning("no battery has a weight above 0, so none is used; give one to each to be used")
