"""The live view on terminals of all sizes."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from rich.console import Console

from flowctl.telling import view
from flowctl.telling.glance import BatteryGlance, Glance
from flowctl.telling.view import LEAST, Picture, logging_lines

BATTERIES = [
    BatteryGlance(name, 300.0, 298.0, 55.0, "shares by energy") for name in ("left", "right")
]
FAULT = "not reloaded:\nhome.yaml:3:7: no node is called 'clam'\n   3 |     - clam\n           ^"


@pytest.fixture(autouse=True)
def lines() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    logging_lines(logging.INFO, lively=True)
    yield
    view._lines.clear()
    root.setLevel(level)
    root.handlers[:] = handlers


def drawn(width: int, height: int, *batteries: BatteryGlance, unmet: float = 0.0) -> list[str]:
    said = StringIO()
    console = Console(file=said, width=width, height=height, force_terminal=True, color_system=None)
    console.print(Picture([Glance("home", unmet=unmet, batteries=list(batteries))]), end="")
    return said.getvalue().splitlines()


def test_batteries_stand_above_and_what_happened_below() -> None:
    logging.getLogger("home").info("left: away")
    told = drawn(90, 30, *BATTERIES)
    assert [line.split()[0] for line in told[:4]] == ["home", "battery", "left", "right"]
    assert told[4].endswith("INFO    home: left: away")


@pytest.mark.parametrize(("width", "height"), [(90, 30), (90, 14), (60, 12), (40, 10), (20, 6)])
def test_the_newest_is_seen_whole_and_the_picture_fits(width: int, height: int) -> None:
    for number in range(30):
        logging.getLogger("home").info("left: note %d", number)
    logging.getLogger("home").error(FAULT)
    told = drawn(width, height, *BATTERIES)
    assert len(told) < height
    assert max(map(len, told)) <= width
    assert told[-2].split() == ["3", "|", "-", "clam"]


def test_many_batteries_leave_room_for_what_happens() -> None:
    for number in range(10):
        logging.getLogger("home").info("note %d", number)
    told = drawn(60, 12, *BATTERIES * 20)
    assert [line.split()[-1] for line in told[-LEAST:]] == ["6", "7", "8", "9"]


def test_each_battery_has_one_line_with_its_whole_name() -> None:
    for width in (30, 40, 60):
        told = drawn(width, 30, *BATTERIES)
        assert [line.split()[0] for line in told] == ["home", "battery", "left", "right"]


def test_what_is_unmet_is_told_when_it_is_a_watt() -> None:
    assert "unmet" not in drawn(90, 9, unmet=0.3)[0]
    assert "unmet 12 W" in drawn(90, 9, unmet=12.0)[0]
