"""A battery that could not, and can again, is found out whatever the house is asked for."""

from pathlib import Path

import pytest

from tests.test_law_wishes import REBALANCE, house

ONE = "meter: {{}}\nleft: {{soc: 40%, telemetry: {{noise: 0W}}, faults: [{fault}]}}"
TWO = "meter: {{}}\nleft: {{soc: 50%}}\nright: {{kind: udp, soc: 50%, faults: [{fault}]}}"
THREE = TWO + "\nthird: {{soc: 50%}}"
ENDS = 260.0  # s, when the fault does


def fault(cap: str, lasts: float = 60.0) -> str:
    return f"{{after: {ENDS - lasts:g}s, lasts: {lasts:g}s, cap: {cap}}}"


def wishes(wanted: float) -> dict[str, tuple[str, ...]]:
    """The same wish for all batteries, W, in the words there are, in a house that draws 300 W."""
    meter = 300.0 - wanted
    return {
        "aim": ("aim: {at: wanted}", REBALANCE),
        "target": (f"rebalance: {{reserve: 12%, target: {meter:g}W}}",),
        "target_from": ("rebalance: {reserve: 12%, target_from: wanted}",),
    }


@pytest.mark.parametrize("wanted", [-2000.0, 2000.0])
@pytest.mark.parametrize("word", ["aim", "target", "target_from"])
@pytest.mark.parametrize("lasts", [30.0, 60.0])
def test_one_that_could_nothing_for_a_while_is_back_soon(
    tmp_path: Path, word: str, wanted: float, lasts: float
) -> None:
    """It is told 0 W meanwhile; what the house itself needs may be the other way."""
    load = [(150.0, 300.0 if wanted < 0 else -500.0)]
    says = {"wanted": wanted if word == "aim" else load[0][1] - wanted}
    laws = wishes(wanted + 300.0 - load[0][1])[word]
    plant = ONE.format(fault=fault("0W", lasts))
    loop = house(tmp_path, *laws, load=load, until=ENDS + 60, says=lambda _now: says, plant=plant)
    assert loop.mean_power("left", ENDS - 10, ENDS) == pytest.approx(0, abs=5)
    assert loop.mean_power("left", ENDS + 30, ENDS + 60) == pytest.approx(wanted, abs=40)


@pytest.mark.parametrize("cap", ["0W", "300W"])
@pytest.mark.parametrize("word", ["aim", "target", "target_from"])
def test_one_of_two_is_back_soon_where_more_is_wanted_than_the_house_needs(
    tmp_path: Path, word: str, cap: str
) -> None:
    says = {"wanted": 4000.0 if word == "aim" else -3700.0}
    plant = TWO.format(fault=fault(cap))
    loop = house(
        tmp_path,
        *wishes(4000.0)[word],
        load=[(150.0, 300.0)],
        until=ENDS + 50,
        says=lambda _now: says,
        plant=plant,
    )
    given = [loop.mean_power(name, ENDS + 30, ENDS + 50) for name in ("left", "right")]
    assert sum(given) == pytest.approx(4000, abs=60)


@pytest.mark.parametrize("word", ["aim", "target"])
def test_one_of_three_is_back_where_less_is_wanted_than_the_house_needs(
    tmp_path: Path, word: str
) -> None:
    """Peak shaving: others serve all of it, and the house draws more than all together can."""
    plant = THREE.format(fault=fault("300W"))
    laws = wishes(4000.0)["aim"] if word == "aim" else ("rebalance: {target: 5kW}",)
    loop = house(
        tmp_path,
        *laws,
        load=[(150.0, 9000.0)],
        until=ENDS + 240,
        says=lambda _now: {"wanted": 4000.0},
        plant=plant,
    )
    assert loop.mean_power("right", ENDS - 20, ENDS) == pytest.approx(300, abs=30)
    assert loop.mean_power("right", ENDS + 210, ENDS + 240) > 1000
