"""What makes no sense is counted, and told in few lines."""

import pytest

from flowctl import Log
from nodes._helpers.nonsense import IN_A_ROW, Nonsense

LOG = Log("meter")


def lines(caplog: pytest.LogCaptureFixture, said: str) -> list[str]:
    """A word per line told: `x` is an odd payload, `.` a good one."""
    caplog.clear()
    nonsense, before = Nonsense(LOG, "it"), LOG.odd
    for sign in said:
        if sign == "x":
            nonsense.heard("odd")
        else:
            nonsense.over()
    assert nonsense.count == LOG.odd - before == said.count("x")
    return [record.getMessage().split()[1] for record in caplog.records]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("...", []),
        ("xxxx", ["talks"]),
        ("x.", ["talks", "makes"]),
        ("x.x.x.x.xx..", ["talks", "makes"]),
        ("x" + IN_A_ROW * "." + "x", ["talks", "makes", "talks"]),
        ("x." + IN_A_ROW * "x", ["talks", "makes", "talks"]),
        ("x." + (IN_A_ROW - 1) * "x" + ".", ["talks", "makes"]),
        (IN_A_ROW * 5 * "x.", ["talks", "makes"]),
    ],
)
def test_a_line_when_it_begins_and_when_it_ends_and_few_for_what_goes_to_and_fro(
    caplog, said, told
):
    assert lines(caplog, said) == told
