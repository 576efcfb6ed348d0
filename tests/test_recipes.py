"""What docs/recipes.md promises, each in virtual time beside the streams of home.yaml."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowctl import Battery
from flowctl.commands.new import new
from flowctl.language.check import load
from flowctl.signature.arguments import parse
from flowctl.start import scaffold
from flowctl.testing import Bench

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = {
    head: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    for head, text in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
}
HOME = yaml.safe_load((ROOT / "flows" / "home.yaml").read_text(encoding="utf-8"))
AROUND = {name: HOME["streams"][name] for name in ("meter", "plan", "left", "right")}
AROUND["meter"] = [{"homewizard_p1": "192.168.1.20"}]
SHOWN = [(head, n) for head, texts in RECIPES.items() for n in range(len(texts))]


def text(head: str, number: int = 0) -> str:
    """A recipe beside what it does not show: of home.yaml, or of the part that it varies."""
    recipe = RECIPES[head][number]
    lacking, own = {**AROUND}, yaml.safe_load(recipe)["streams"]
    for earlier in (yaml.safe_load(part)["streams"] for part in RECIPES[head][:number]):
        lacking |= earlier if earlier.keys() & own else {}
    for name in own:
        lacking.pop(name, None)
    others = "".join(f"  {name}: {json.dumps(steps)}\n" for name, steps in lacking.items())
    return f"flow: recipe\nvars: {json.dumps(HOME['vars'])}\n{recipe}{others}"


@contextmanager
def bench(head: str, number: int = 0, start: str = "2026-01-31T12:00") -> Iterator[Bench]:
    """A house at rest: both batteries idle, at 60 %."""
    with Bench(text(head, number), start=datetime.fromisoformat(start)) as made:
        rest(made)
        yield made


def rest(house: Bench) -> None:
    for name in ("left", "right"):
        house.say(name, Battery(power=0.0, soc=60.0, max_charge=2500.0, max_discharge=2500.0))


def last(house: Bench, name: str) -> Any:
    return house.heard(name)[-1][1] if house.heard(name) else None


def hear(house: Bench, seconds: int, meter: float, **others: float) -> None:
    """Let some seconds pass in which the meter and others say the same."""
    for _ in range(seconds):
        house.advance(1.0)
        for name, watts in others.items():
            house.say(name, watts)
        house.say("meter", meter)


def sums(house: Bench) -> float:
    return sum(last(house, name) or 0.0 for name in ("left", "right"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scaffold.new_node("my_battery", tmp_path, "device", "modbus")
    return tmp_path


@pytest.mark.parametrize(("head", "number"), SHOWN)
def test_every_recipe_is_without_fault(head: str, number: int, folder: Path) -> None:
    (folder / "shown.yaml").write_text(text(head, number))
    assert load(folder / "shown.yaml", env={}).warnings == ()


def test_every_recipe_is_in_the_list_at_the_top() -> None:
    listed = re.findall(r"^- \[(.*?)\]\(#(.*?)\)$", PAGE, re.MULTILINE)
    assert [name for name, _ in listed] == list(RECIPES)
    assert [anchor for _, anchor in listed] == [name.lower().replace(" ", "-") for name in RECIPES]


def test_a_battery_that_does_not_follow_is_told_once_after_a_minute() -> None:
    with bench("Tell me when a battery does not follow") as house:
        for second in range(1, 200):
            house.advance(1.0)
            house.say("meter", 1000.0)
            house.say("left", Battery(power=0.0))
            if second == 55:
                assert house.heard("left_stuck") == []
        assert [value for _, value in house.heard("left_stuck")] == [
            "left does not do what it is told"
        ]


def test_a_battery_that_follows_is_not_told() -> None:
    with bench("Tell me when a battery does not follow") as house:
        for _ in range(100):
            house.advance(1.0)
            house.say("meter", 300.0)
            house.say("left", Battery(power=(last(house, "left") or 0.0) * 0.95))
        assert house.heard("left_stuck") == []


def test_what_is_learned_and_why_is_said_in_words() -> None:
    with bench("Tell me when a battery does not follow", 1) as house:
        hear(house, 20, 800.0)
        assert "dead time" in house.stream("left_can")[-1][1]
        assert "left gives" in house.stream("told")[-1][1]


def test_trouble_and_low_charge_are_told() -> None:
    with bench("Tell me what goes wrong") as house:
        step = house.graph.steps["left/marstek_modbus"]
        house.engine.report(step, OSError("192.168.1.40 does not answer"))
        house.advance(1.0)
        said = "left/marstek_modbus: 192.168.1.40 does not answer"
        assert [value for _, value in house.heard("trouble")] == [said]
        for charge in (40.0, 20.0, 14.0, 20.0, 26.0):
            house.say("left", Battery(soc=charge))
            house.advance(1.0)
        assert [value for _, value in house.heard("nearly_empty")] == [False, True, False]


def test_the_charge_is_kept_for_the_evening() -> None:
    with bench("Keep the charge for the evening", start="2026-01-31T16:58:30") as house:
        hear(house, 60, 800.0)
        assert sums(house) == 0
        hear(house, 60, 800.0)
        assert sums(house) > 500
    with bench("Keep the charge for the evening") as house:
        hear(house, 3, -800.0)
        assert sums(house) < -500


@pytest.mark.parametrize(("car", "low", "high"), [(0.0, 2000.0, 6000.0), (2500.0, -50.0, 50.0)])
def test_nothing_goes_into_the_car(car: float, low: float, high: float) -> None:
    with bench("Not into the car") as house:
        house.say("car", car)
        hear(house, 20, 2500.0, car=car)
        assert low <= sums(house) <= high


def test_cheap_hours_charge_within_the_limit_and_others_do_not() -> None:
    with bench("Charge in cheap hours", start="2026-01-31T02:00") as house:
        hear(house, 3, 500.0)
        assert sums(house) == pytest.approx(-2000.0, abs=200.0)
    with bench("Charge in cheap hours", start="2026-01-31T02:00") as house:
        hear(house, 3, 3000.0)
        assert sums(house) == pytest.approx(-1000.0, abs=200.0)
    with bench("Charge in cheap hours") as house:
        hear(house, 3, 500.0)
        assert sums(house) >= 500.0


def test_a_low_price_is_a_permission_until_it_is_old() -> None:
    def lives(seconds: int) -> float:
        """A house of 500 W whose batteries do what they are told; what they do in the end."""
        for _ in range(seconds):
            house.advance(1.0)
            for name in ("left", "right"):
                house.say(name, Battery(power=last(house, name) or 0.0))
            house.say("meter", 500.0 - sums(house))
        return sums(house)

    with bench("Charge in cheap hours", 1) as house:
        assert lives(30) == pytest.approx(500.0, abs=50.0), "no price, no permission"
        house.say("cheap", 0.05)
        assert lives(60) == pytest.approx(-2000.0, abs=50.0)
        house.advance(5400.0 - 70.0)
        assert lives(9) < -1000.0
        assert lives(60) == pytest.approx(500.0, abs=50.0)


def test_two_meters_count_as_their_sum() -> None:
    with bench("Two meters as one") as house:
        house.say("main", 300.0)
        assert house.stream("meter") == []
        house.say("barn", 200.0)
        house.say("main", 300.0)
        assert house.stream("meter")[-1][1] == 500.0
        house.advance(31.0)
        house.say("main", 300.0)
        assert house.stream("meter")[-1][1] == 300.0


@pytest.mark.parametrize(
    ("meter", "low", "high"),
    [(1500.0, -100.0, 100.0), (4000.0, 1300.0, 4200.0), (-1500.0, -2000.0, -1300.0)],
)
def test_peaks_are_shaved_and_nothing_else(meter: float, low: float, high: float) -> None:
    with bench("Shave the peaks") as house:
        hear(house, 3, meter)
        assert low <= sums(house) <= high


def test_what_is_shown_of_the_modbus_device_is_what_is_written(folder: Path) -> None:
    written = (folder / "nodes" / "my_battery.py").read_text()
    shown = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    assert [part for part in shown if part not in written] == []


def test_the_command_shown_can_be_typed() -> None:
    (line,) = re.findall(r"^flowctl new (.*)$", PAGE, re.MULTILINE)
    told = parse(new, "flowctl new", shlex.split(line))
    assert (told["name"], told["kind"], told["template"]) == ("my_battery", "device", "modbus")
