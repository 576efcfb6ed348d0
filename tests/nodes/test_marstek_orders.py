"""What is written to a Marstek Venus, and what its words mean: tables, without a socket."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes._helpers.marstek import (
    CHARGE_POWER,
    DISCHARGE_POWER,
    MODE,
    Counter,
    agree,
    credible,
    ordered,
    orders,
)
from nodes._helpers.marstek_families import FAMILIES, named

PLACES = (MODE, CHARGE_POWER, DISCHARGE_POWER)


def read_back(watts: float) -> list[int]:
    written = dict(orders(watts))
    return [written[register] for register in PLACES]


@given(st.floats(-2500, 2500))
def test_what_is_ordered_is_what_is_read_back(watts: float) -> None:
    words = read_back(watts)
    assert ordered(words) == round(watts)
    assert agree(watts, words)
    assert all(0 <= word <= 2500 for word in words)


@given(st.floats(-2500, 2500))
def test_the_mode_is_written_last_and_one_direction_is_zero(watts: float) -> None:
    written = orders(watts)
    assert [register for register, _ in written] == [DISCHARGE_POWER, CHARGE_POWER, MODE]
    assert 0 in (written[0][1], written[1][1])


@pytest.mark.parametrize(
    ("wanted", "words", "same"),
    [
        (500.0, (2, 0, 500), True),
        (500.0, (2, 0, 600), True),  # 100 W always agree
        (500.0, (2, 0, 601), False),
        (2000.0, (2, 0, 1800), True),  # a tenth agrees
        (2000.0, (2, 0, 1799), False),
        (-500.0, (1, 480, 0), True),
        (-500.0, (2, 480, 500), False),
        (50.0, (0, 0, 50), False),  # the mode exactly, however small the power
        (0.0, (0, 700, 0), True),  # a power without a mode is nothing
        (500.0, (3, 0, 500), False),
    ],
)
def test_read_backs_agree_roughly_in_power_and_exactly_in_mode(
    wanted: float, words: tuple[int, int, int], same: bool
) -> None:
    assert agree(wanted, words) is same


@pytest.mark.parametrize(
    ("readings", "told"),
    [
        ([1000, 1010, 1020], [1000, 1010, 1020]),
        ([1000, 0, 1010], [1000, 1000, 1010]),
        ([1000, 899, 1010], [1000, 1000, 1010]),
        ([1000, 900, 910], [1000, 900, 910]),
        ([1000, 0, 0, 0, 10], [1000, 1000, 1000, 0, 10]),  # a new device, or a factory reset
        ([0, 5], [0, 5]),
    ],
)
def test_a_counter_passes_over_dips(readings: list[float], told: list[float]) -> None:
    counter, said = Counter(), []
    for reading in readings:
        counter = counter.after(reading)
        said.append(counter.value)
    assert said == told


@given(st.lists(st.floats(0, 1e9)))
def test_a_counter_tells_only_what_was_read(readings: list[float]) -> None:
    counter = Counter()
    for reading in readings:
        counter = counter.after(reading)
        assert counter.value in readings


def test_what_cannot_be_true_is_not_told() -> None:
    told = {"power": 700.0, "soc": 655.3, "capacity": 0.0, "mode": "manual", "max_charge": 65535.0}
    assert credible(told) == {"power": 700.0, "mode": "manual"}


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("VNSE3-0", "v3"),
        ("VNSD-0", "d"),
        ("vnsa-0", "a"),
        ("HMG-50", "v2"),
        ("BI_2.5_2.5", "v2"),
        ("AC01", "v2"),
    ],
)
def test_names_tell_the_family(name: str, family: str) -> None:
    assert named(name) is FAMILIES[family]


@pytest.mark.parametrize("name", ["", "SDM630", "V"])
def test_other_names_tell_nothing(name: str) -> None:
    assert named(name) is None


# One table of words per family and situation: signs and scales, with the device's own in the words.


@pytest.mark.parametrize(
    ("family", "question", "words", "told"),
    [
        ("v2", "power", [0, 500], {"power": 500.0}),
        ("v2", "power", [0xFFFF, 0xFE0C], {"power": -500.0}),
        (
            "v2",
            "pack",
            [5210, 960, 0, 510, 61, 5120],
            {"cell_power": -510.0, "soc": 61.0, "capacity": 5120.0},
        ),
        (
            "v2",
            "pack",
            [5210, 960, 0xFFFF, 0xFE0C, 61, 512],
            {"cell_power": 500.0, "soc": 61.0, "capacity": 5120.0},
        ),
        ("v3", "power", [0xFE0C], {"power": -500.0}),
        ("v3", "cells", [510], {"cell_power": -510.0}),
        ("v3", "soc", [605], {"soc": 60.5}),
        ("v3", "limits", [2500, 800], {"max_charge": 2500.0, "max_discharge": 800.0}),
        ("v3", "limits", [0, 0], {}),
        ("d", "soc", [61, 7680], {"soc": 61.0, "capacity": 7680.0}),
        ("d", "panels", [0xFED4, 5000, 3000, 0, 2000], {"pv_power": 1000.0, "cell_power": -700.0}),
        ("a", "power", [1450], {"power": 1450.0}),
        ("v3", "energy", [1, 0, 0, 5], {"charged": 655360.0, "discharged": 50.0}),
        ("v3", "temperature", [0xFFF6], {"temperature": -1.0}),
        ("v3", "mode", [2, 1], {"mode": "self-consumption"}),
        ("v3", "mode", [5, 0], {"mode": "update"}),
        ("v3", "mode", [1, 7], {"mode": "mode 7"}),
    ],
)
def test_words_mean_these_fields(
    family: str, question: str, words: list[int], told: dict[str, float | str]
) -> None:
    known = FAMILIES[family]
    asked = {item.name: item for item in (known.power, *known.others)}
    assert asked[question].tell(words) == told


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_every_question_fits_into_one_read_and_survives_any_words(name: str) -> None:
    family = FAMILIES[name]
    for question in (family.power, *family.others):
        size = sum(count for _, count in question.blocks)
        assert max(count for _, count in question.blocks) <= 32
        for word in (0, 1, 0x7FFF, 0x8000, 0xFFFF):
            for value in question.tell([word] * size).values():
                assert isinstance(value, str) or math.isfinite(value)
