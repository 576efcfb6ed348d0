"""`derate` lets a battery do less near full or empty."""

import pytest
from hypothesis import given, settings

from flowctl import Battery
from flowctl.testing import play
from nodes.derate import derate
from tests.nodes.batteries import RECORDS
from tests.nodes.timelines import timelines

NEAR_FULL = {"above": "95%", "charge": "1.5kW"}


@pytest.mark.parametrize(
    ("record", "wishes", "charge", "discharge"),
    [
        (Battery(soc=96.0), NEAR_FULL, 1500.0, None),
        (Battery(soc=95.0, max_charge=800.0), NEAR_FULL, 800.0, None),
        (Battery(soc=90.0), NEAR_FULL, 2500.0, None),
        (Battery(soc=90.0, max_charge=800.0), NEAR_FULL, 800.0, None),
        (Battery(power=5.0), NEAR_FULL, 2500.0, None),
        (Battery(soc=10.0), {"below": "15%", "discharge": "500W"}, None, 500.0),
        (Battery(soc=20.0), {"below": "15%", "discharge": "500W", "rating": "800W"}, None, 800.0),
    ],
)
def test_limits_follow_the_charge(record, wishes, charge, discharge):
    [(_, made)] = play(derate, [(1, record)], **wishes)
    assert (made.max_charge, made.max_discharge) == (charge, discharge)
    assert (made.power, made.soc) == (record.power, record.soc)


def test_what_was_told_once_counts_until_it_is_told_anew():
    line = [(0, Battery(soc=96.0, max_charge=2000.0)), (1, Battery(power=5.0)),
            (2, Battery(soc=94.0))]  # fmt: skip
    assert [made.max_charge for _, made in play(derate, line, **NEAR_FULL)] == [1500, 1500, 2000]


def test_a_threshold_is_needed():
    with pytest.raises(ValueError, match="no threshold"):
        play(derate, [])


@settings(deadline=None)
@given(timelines(RECORDS))
def test_it_only_ever_lowers(line):
    for (_, before), (_, after) in zip(line, play(derate, line, **NEAR_FULL), strict=True):
        assert before.max_charge is None or after.max_charge <= before.max_charge
        assert after.power == before.power
