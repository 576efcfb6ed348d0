"""What the predictor expects of a battery that was on its own meter and is taken."""

import pytest

from flowctl import Battery
from flowctl.testing import play
from nodes.response_predictor import response_predictor

OWN = Battery(power=1500.0, soc=50.0, self_regulating=True, online=True)


def outlook(*told):
    """The last outlook of a house that draws 2000 W, with one reading a second."""
    readings = [(float(at), 500.0) for at in range(5)]
    said = play(response_predictor, readings, batteries={"left": list(told)}, rest=0.0)
    return said[-1][1]


def test_left_to_itself_what_it_gives_is_no_load_of_ours():
    view = outlook((0.5, OWN))
    assert view.load == pytest.approx(500.0)
    assert view.batteries["left"].note == "left to itself"


@pytest.mark.parametrize("watts", [1500.0, 0.0, -400.0])
def test_taken_it_goes_on_from_what_it_gave(watts):
    taken = Battery(setpoint=watts, self_regulating=False)
    view = outlook((0.5, OWN), (3.9, taken))
    ability = view.batteries["left"]
    assert ability.shows(4.0) == pytest.approx(1500.0)  # nothing can be seen of it yet
    assert ability.setpoint == watts
    assert view.load == pytest.approx(2000.0)


def test_one_that_was_away_begins_at_nothing():
    taken = Battery(setpoint=800.0, self_regulating=False, online=True)
    view = outlook((0.5, OWN), (1.5, Battery(online=False)), (3.9, taken))
    assert view.batteries["left"].shows(4.0) == pytest.approx(0.0)
