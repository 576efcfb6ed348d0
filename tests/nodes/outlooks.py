"""Outlooks for the tests of laws that choose who works."""

from typing import Any

from hypothesis import strategies as st

from flowctl import Ability, Outlook
from tests.nodes.timelines import timelines

POWERS = st.floats(-8000, 8000)
ABILITIES = st.builds(
    Ability,
    setpoint=st.floats(-2500, 2500),
    dead_time=st.just(1.0),
    lag=st.just(1.0),
    can_charge=st.sampled_from([0.0, 900.0, 2500.0]),
    can_discharge=st.sampled_from([0.0, 900.0, 2500.0]),
    available=st.booleans(),
    soc=st.none() | st.integers(0, 100).map(float),
    self_regulating=st.booleans(),
    sun=st.sampled_from([None, 0.0, 400.0, 3000.0]),
)
FLEET = st.fixed_dictionaries({"left": ABILITIES, "right": ABILITIES, "third": ABILITIES})
OUTLOOKS = timelines(st.tuples(POWERS, FLEET), longest=400.0).map(
    lambda line: [
        (at, Outlook(at=at, meter=target, load=target, target=target, batteries=fleet))
        for at, (target, fleet) in line
    ]
)


def able(**fields: Any) -> Ability:
    """A battery at rest that can do all."""
    return Ability(
        **{"setpoint": 0.0, "dead_time": 1.0, "lag": 1.0, "soc": 50.0}
        | {"can_charge": 2500.0, "can_discharge": 2500.0}
        | fields
    )


def view(target: float, at: float = 0.0, /, **batteries: Any) -> Outlook:
    """An outlook; a battery is given by its charge, or by its fields."""
    made = {
        name: able(**given) if isinstance(given, dict) else able(soc=given)
        for name, given in batteries.items()
    }
    return Outlook(at=at, meter=target, load=target, target=target, batteries=made)
