"""Share the house's load among one-way storages by charge, as B2500 Load Distributor does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, NamedTuple

from flowctl import Ability, Ge, Le, Log, Observable, Outlook, Percent, Plan, Watts
from nodes._helpers.distribution import Rules, Storage
from nodes._helpers.distribution import distribute as law
from nodes._helpers.gone import GONE
from nodes._helpers.operators import Each, Receiver

RESUME = 1.0  # % over the reserve before a spared storage is asked again: readings of charge jump
RUNS = 0.5  # of the floor that a running storage gives at least
WORTH_A_LINE = 10.0  # W that a share moves before the log tells


class State(NamedTuple):
    """What is remembered from one plan to the next."""

    named: frozenset[str] = frozenset()
    """Storages of the last plan: one that went away gets one 0 W more."""
    spared: frozenset[str] = frozenset()
    """Who is at the reserve."""
    mode: str = ""


def distribute(
    outlook: Annotated[Observable[Outlook], "the house as `response_predictor` sees it"],
    *,
    max_power: Annotated[Watts, Ge(0), "most that each storage is asked for"] = 400.0,
    min_power: Annotated[Watts, Ge(0), "least that a running storage is asked for"] = 40.0,
    boost: Annotated[Watts, Ge(0), "added to the most while all are at it"] = 100.0,
    threshold: Annotated[
        Percent, Ge(0), "difference of charge from which on the fuller ones give more"
    ] = 3.0,
    rate: Annotated[float, Ge(0), "how much more, per difference of charge"] = 1.0,
    reserve: Annotated[Percent, Ge(0), Le(100), "charge below which none is asked"] = 10.0,
    default_soc: Annotated[
        Percent, Ge(0), Le(100), "charge of a storage that does not tell it"
    ] = 80.0,
    idle: Annotated[
        Literal["stop", "floor"],
        "with too little to do for all: one after the other stops, or all go on with `min_power`",
    ] = "stop",
    smooth: Annotated[
        bool, "no jumps where boost and rebalancing set in; false: as the original has them"
    ] = True,
    log: Log,
) -> Observable[Plan]:
    """Make one plan per outlook: watts by storage, + discharging, with a reason for each.

    In: outlooks; out: plans that hold as long as the outlook's reading. Silent while no outlook
    comes. Balanced: all get the same, by capacity where they tell one. Rebalancing: when charges
    differ by `threshold` and more, each gets a part by its charge, and `rate` times the difference
    more or less, between a tenth and nine tenths for two. What one may not give the others do,
    within `max_power`; with more to do than that, each is asked for up to `boost` more. A storage
    that is away, follows a meter of its own or is at its `reserve` is left out, and the others
    take its part within their limits. One that went away gets one 0 W and is then left out.

    Storages do not charge here: with a surplus they stop, or keep `min_power` with `idle: floor`.

    Source: rules of fabianwimberger/b2500-power-balancer 56d8d96; `smooth: false, idle: floor` are
    these to the watt.
    """
    rules = Rules(min_power, max_power, boost, threshold, rate, idle, smooth)

    def hear(say: Receiver[Plan]) -> Receiver[Outlook]:
        state, teller = State(), _Teller(log, rules)

        def receive(view: Outlook) -> None:
            nonlocal state
            state, plan = step(state, view, rules, reserve, default_soc)
            teller.tell(state.mode, view, plan)
            say(plan)

        return receive

    return Each(outlook, hear)


def step(
    state: State, outlook: Outlook, rules: Rules, reserve: Percent, default_soc: Percent
) -> tuple[State, Plan]:
    """Make the plan for one outlook."""
    usable = {
        name: ability
        for name, ability in outlook.batteries.items()
        if ability.available and not ability.self_regulating
    }
    socs = {name: default_soc if a.soc is None else a.soc for name, a in usable.items()}
    spared = frozenset(
        name for name, soc in socs.items() if soc < reserve + RESUME * (name in state.spared)
    )
    storages = {
        name: _storage(ability, socs[name], rules)
        for name, ability in usable.items()
        if name not in spared
    }
    shares, mode = law(outlook.target, storages, rules) if storages else ({}, "nobody")
    gone = dict.fromkeys(state.named - usable.keys(), 0.0)
    watts = {**dict.fromkeys(usable, 0.0), **shares, **gone}
    reasons = dict.fromkeys(shares, mode) | dict.fromkeys(spared, f"at its reserve of {reserve:g}%")
    unmet = outlook.target - sum(shares.values())
    plan = Plan(
        watts=MappingProxyType(watts),
        reasons=MappingProxyType(reasons | dict.fromkeys(gone, GONE)),
        unmet=unmet,
        valid_until=outlook.valid_until,
    )
    return State(frozenset(usable), spared, mode), plan


def _storage(ability: Ability, soc: Percent, rules: Rules) -> Storage:
    running = ability.setpoint > RUNS * rules.low
    return Storage(soc, ability.can_discharge, ability.capacity, running, ability.min_power)


class _Teller:
    """Tells what users of the original know from its log: modes, who is there, who gives what."""

    def __init__(self, log: Log, rules: Rules) -> None:
        self._log, self._rules = log, rules
        self._mode = ""
        self._here: frozenset[str] | None = None
        self._told: Mapping[str, Watts] = {}

    def tell(self, mode: str, outlook: Outlook, plan: Plan) -> None:
        """Write what has changed."""
        if self._here is None:
            low, high, boost = self._rules[:3]
            self._log.info("limits: %g to %g W each, %g W more at most", low, high, boost)
        here = frozenset(name for name, one in outlook.batteries.items() if one.available)
        if here != self._here:
            self._who(here)
        if mode != self._mode and here:
            self._log.info("mode: %s", mode)
        self._here, self._mode = here, mode
        moved = [abs(watts - self._told.get(name, 0.0)) for name, watts in plan.watts.items()]
        if max(moved, default=0.0) >= WORTH_A_LINE:
            self._told = plan.watts
            self._log.info("%s", self._line(outlook, plan))

    def _who(self, here: frozenset[str]) -> None:
        for name in sorted(here - (self._here or frozenset())):
            self._log.info("%s is online", name)
        for name in sorted((self._here or frozenset()) - here):
            self._log.warning("%s is offline: %s", name, "its part goes to the others")
        if not here and self._here:
            self._log.warning("no storage is online")

    def _line(self, outlook: Outlook, plan: Plan) -> str:
        parts = [
            f"{name} SoC {_shown(outlook.batteries[name].soc)}%"
            f" {outlook.batteries[name].setpoint:.0f} -> {watts:.0f} W"
            for name, watts in sorted(plan.watts.items())
        ]
        before = sum(ability.setpoint for ability in outlook.batteries.values())
        total = f"total {before:.0f} -> {sum(plan.watts.values()):.0f} W"
        return f"load {outlook.load:.0f} W: " + ", ".join([*parts, total])


def _shown(number: float | None) -> str:
    return "?" if number is None else f"{number:.0f}"
