"""What makes no sense is counted, and told in few lines, but always before it costs something."""

import pytest

from flowctl import Log
from flowctl.virtual.clock import VirtualClock
from nodes._helpers.nonsense import CALM, LASTING, Nonsense

HOUR = 3600


def told(caplog: pytest.LogCaptureFixture, said: str) -> tuple[list[tuple[int, str]], list[str]]:
    """Lines told, with their second, and troubles; each sign is a second: `x` odd, `.` good."""
    caplog.clear()
    troubles: list[str] = []
    log = Log("meter", lambda error: troubles.append(str(error)))
    clock, lines = VirtualClock(), list[tuple[int, str]]()
    nonsense = Nonsense(log, "it", clock.time)
    for second, sign in enumerate(said):
        clock.advance(second - clock.time())
        if sign == "x":
            nonsense.heard("odd")
        elif sign == ".":
            nonsense.over()
        lines += [(second, record.getMessage().split()[1]) for record in caplog.records]
        caplog.clear()
    assert nonsense.count == log.odd == said.count("x")
    return lines, troubles


LONG = int(LASTING) + 1  # odd ones, one a second, until nothing usable came for that long


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ("...", []),
        ("x", [(0, "talks")]),
        ("xxxx", [(0, "talks")]),
        ("x.", [(0, "talks"), (1, "makes")]),
        ("x.x.x.x.xx..", [(0, "talks"), (1, "makes")]),
        ("x" + int(CALM - 2) * "." + "x", [(0, "talks"), (1, "makes")]),
        ("x" + int(CALM - 1) * "." + "x", [(0, "talks"), (1, "makes"), (600, "talks")]),
        # what a meter did that was said to be flaky: 12 s, then 8 s good, then 29 s
        (12 * "x" + 8 * "." + 29 * "x" + ".",
         [(0, "talks"), (12, "makes"), (23, "talks"), (49, "makes")]),
        ("x......." + LONG * "x" + ".",
         [(0, "talks"), (1, "makes"), (11, "talks"), (12, "makes")]),
        ("x." + 10 * " " + (LONG - 1) * "x" + ".", [(0, "talks"), (1, "makes")]),
        ("x        x        x", [(0, "talks")]),
        ("x." + 30 * " " + "x        x", [(0, "talks"), (1, "makes"), (41, "talks")]),
    ],
)  # fmt: skip
def test_a_line_when_it_begins_and_ends_and_when_nothing_else_comes(caplog, said, lines):
    assert told(caplog, said)[0] == lines


@pytest.mark.parametrize(("said", "most"), [("x.", 6), ("xxxxxx.", 22), ("x" * 61, 1)])
def test_one_that_is_flaky_for_hours_fills_no_log(caplog, said, most):
    lines, troubles = told(caplog, said * (3 * HOUR // len(said)))
    assert most - 3 <= len(lines) <= most
    assert len(troubles) <= len(lines)


def test_only_what_lasts_is_a_trouble_and_one_each_time(caplog):
    assert told(caplog, "x." + (LONG - 1) * "x" + ".")[1] == []
    found = told(caplog, 12 * "x" + 8 * "." + 29 * "x" + ".")[1]
    assert found == ["it talks nonsense: odd"] * 2
