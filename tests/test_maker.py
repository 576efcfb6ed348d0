"""Records made in a hurry are what their own class makes."""

from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from flowctl import changer, maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    name: str
    watts: float = 5.0
    parts: list[str] = field(default_factory=list)


make = maker(Thing)


def test_it_is_the_record_that_its_class_makes():
    made = make(name="a", watts=1.0, parts=["x"])
    assert made == Thing(name="a", watts=1.0, parts=["x"])
    assert type(made) is Thing


def test_what_is_not_given_is_as_its_class_has_it_and_made_anew_each_time():
    one, other = make(name="a"), make(name="a")
    assert one == Thing(name="a")
    assert one.parts is not other.parts


def test_it_is_frozen():
    with pytest.raises(FrozenInstanceError):
        make(name="a").watts = 2.0


@pytest.mark.parametrize("given", [{}, {"name": "a", "volts": 1.0}])
def test_fields_that_are_missing_or_unknown_are_refused(given):
    with pytest.raises(TypeError):
        make(**given)


def test_a_changed_record_is_like_the_other_but_for_what_is_named():
    before = Thing(name="a", watts=1.0, parts=["x"])
    after = changer(Thing, "watts")(before, watts=2.0)
    assert after == replace(before, watts=2.0)
    assert type(after) is Thing
    assert after.parts is before.parts
    assert before.watts == 1.0


@pytest.mark.parametrize("given", [{}, {"watts": 1.0, "name": "b"}])
def test_a_change_is_of_all_that_is_named_and_of_nothing_else(given):
    with pytest.raises(TypeError):
        changer(Thing, "watts")(Thing(name="a"), **given)


def test_what_is_no_field_cannot_be_changed():
    with pytest.raises(TypeError, match="has no volts"):
        changer(Thing, "watts", "volts")
