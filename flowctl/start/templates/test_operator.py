"""What my_node promises, in virtual time: `pip install pytest`, then `python -m pytest`."""

from flowctl.testing import node, play

my_node = node("my_node", __file__)


def test_a_small_power_counts_as_none() -> None:
    """Seconds and values in, seconds and values out."""
    given = [(0, 30.0), (1, 80.0), (2, -80.0)]
    assert play(my_node, given, above="50W") == [(0, 0.0), (1, 80.0), (2, -80.0)]
