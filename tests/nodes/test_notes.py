"""Notes on a battery are told in steps where they tell a measured limit."""

import pytest

from flowctl import Log, Store
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.law.knowing.notes import steadied
from nodes._helpers.law.seeing.memory import Memory
from tests.nodes.outlooks import view


@pytest.mark.parametrize(
    ("told", "note", "now"),
    [
        ("", "takes 1605W at most", "takes 1605W at most"),
        ("takes 1605W at most", "takes 1606W at most", "takes 1605W at most"),
        ("takes 1605W at most", "takes 1440W at most", "takes 1440W at most"),
        ("takes 100W at most", "takes 130W at most", "takes 100W at most"),
        ("takes 100W at most", "takes 131W at most", "takes 131W at most"),
        ("takes 300W at most", "delivers 300W at most", "delivers 300W at most"),
        (
            "delivers 300W at most, takes 900W at most",
            "delivers 310W at most, takes 300W at most",
            "delivers 300W at most, takes 300W at most",
        ),
        ("may take 800W at most", "may take 805W at most", "may take 805W at most"),
        ("kept at 50%", "kept at 55%", "kept at 55%"),
        ("takes 300W at most", "", ""),
    ],
)
def test_a_measured_limit_moves_in_steps(told, note, now):
    assert steadied(told, note) == now


def test_a_limit_that_sways_is_logged_once(caplog):
    memory = Memory(Store(), Log("notes"), VirtualClock())
    with caplog.at_level("INFO"):
        for watts in (1605, 1606, 1604, 1590, 1606, 1400, 1410):
            memory.tell(view(0.0, left={"note": f"takes {watts}W at most"}))
        memory.tell(view(0.0, left={}))
    assert [record.getMessage() for record in caplog.records] == [
        "left: takes 1605W at most",
        "left: takes 1400W at most",
        "left: as told again",
    ]
