"""What others are told of a battery."""

import math
from dataclasses import fields, replace

import pytest

from flowctl import Battery
from nodes._helpers.law.knowing.ability import ability, renewed
from nodes._helpers.law.knowing.belief import Belief, believe
from nodes._helpers.law.knowing.ceiling import Ceiling
from nodes._helpers.law.knowing.facts import Facts
from nodes._helpers.law.knowing.hearing import hear
from nodes._helpers.law.knowing.traits import Traits

SILENT = replace(  # the meter shows nothing
    believe(1.0, 0.5, 2500.0), charge=Ceiling(0.0, 0.0, 0.0)
)

OTHER = Belief(
    2.0,
    1.0,
    Facts(2000.0, 2000.0, soc=54.0),
    charge=Ceiling(300.0, 0.0, 300.0),
    discharge=Ceiling(400.0, 0.0, 400.0),
    traits=Traits(0.8, 50.0, 3.0, 2.0),
    absence="offline",
    expected=500.0,
    accepted_at=1.0,
    flights=((1.0, 500.0),),
    power=300.0,
    measured_at=9.0,
)


def heard(*told: Battery, first: Belief = SILENT) -> Belief:
    for at, record in enumerate(told):
        first = hear(first, record, float(at))
    return first


@pytest.mark.parametrize(
    "now",
    [
        Battery(power=100.0),
        Battery(setpoint=500.0),
        Battery(power=300.0, setpoint=500.0, soc=54.0),
        Battery(self_regulating=True),
        Battery(online=False),
        Battery(power=math.nan),
    ],
)
@pytest.mark.parametrize("first", [Battery(soc=55.0), Battery(power=100.0, soc=55.0)])
def test_what_is_said_anew_is_as_if_it_was_said_for_the_first_time(first, now) -> None:
    before, after = heard(first), heard(first, now)
    assert renewed(ability(before), before, after) == ability(after)


@pytest.mark.parametrize("name", [part.name for part in fields(Belief)])
def test_so_it_is_of_whatever_alone_is_believed_anew(name) -> None:
    before = heard(Battery(power=100.0, soc=55.0))
    after = replace(before, **{name: getattr(OTHER, name)})
    assert renewed(ability(before), before, after) == ability(after)


def test_a_note_that_only_the_meter_speaks_for_ends_with_the_first_measurement() -> None:
    before, after = heard(Battery(soc=55.0)), heard(Battery(soc=55.0), Battery(power=0.0))
    assert ability(before).note == "takes nothing that the meter shows"
    assert renewed(ability(before), before, after).note == "takes 0W at most"


def test_without_news_the_same_is_said() -> None:
    before = heard(Battery(power=100.0, soc=55.0))
    said = ability(before)
    assert renewed(said, before, replace(before, poll=2.0)) is said
