"""flowctl: a flow engine with an embedded controller. These are the words of a node author."""

# isort: off
from flowctl import interrupt  # noqa: F401 - first: the rest takes a while
# isort: on

from annotated_types import Ge, Gt, Le, Lt
from reactivex import Observable

from flowctl.clock import Clock
from flowctl.events import Events
from flowctl.expression import Condition, Expression
from flowctl.faults import FlowError
from flowctl.latest import Latest
from flowctl.links import shared
from flowctl.log import Log
from flowctl.maker import changer, maker
from flowctl.marks import (
    Alike,
    Check,
    EventsIf,
    FieldFrom,
    Gaps,
    NamesBatteries,
    NotAfter,
    OnlyWith,
    Present,
    Says,
    Together,
    Triggers,
    UnitFrom,
    UsualPort,
)
from flowctl.sampled import sampled
from flowctl.secret import Secret
from flowctl.store import Store
from flowctl.terms import Terms
from flowctl.ticks import ticks
from flowctl.units import (
    Amperes,
    Celsius,
    Hertz,
    Percent,
    Quantity,
    QuantityPerSecond,
    Seconds,
    Unit,
    Volts,
    WattHours,
    Watts,
)
from flowctl.values import RELEASE, Ability, Battery, Outlook, Plan, Release, Share

__all__ = [
    "RELEASE",
    "Ability",
    "Alike",
    "Amperes",
    "Battery",
    "Celsius",
    "Check",
    "Clock",
    "Condition",
    "Events",
    "EventsIf",
    "Expression",
    "FieldFrom",
    "FlowError",
    "Gaps",
    "Ge",
    "Gt",
    "Hertz",
    "Latest",
    "Le",
    "Log",
    "Lt",
    "NamesBatteries",
    "NotAfter",
    "Observable",
    "OnlyWith",
    "Outlook",
    "Percent",
    "Plan",
    "Present",
    "Quantity",
    "QuantityPerSecond",
    "Release",
    "Says",
    "Seconds",
    "Secret",
    "Share",
    "Store",
    "Terms",
    "Together",
    "Triggers",
    "Unit",
    "UnitFrom",
    "UsualPort",
    "Volts",
    "WattHours",
    "Watts",
    "changer",
    "maker",
    "sampled",
    "shared",
    "ticks",
]
