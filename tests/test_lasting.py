"""A setpoint that ends before the next one passes is found before the flow runs."""

import pytest

from flowctl.faults import FlowError
from flowctl.language import lasting
from flowctl.language.check import load
from nodes._helpers.law.seeing import observer

FLOW = """
streams:
  meter: [homewizard_p1: {{host: h, every: {beat}}}]
  plan:
    - from: meter
    - response_predictor: {{batteries: [left]}}
    - rebalance
    {plan}
  left:
    - from: plan.left
    {left}
    - marstek_modbus: {{host: b, lease: {lease}}}
"""
NUMBER = """
streams:
  meter: [homewizard_p1: h]
  left: [from: meter, throttle: {every}, marstek_modbus: b]
"""


def told(plan="", left="", beat="1s", lease="10s") -> list[str]:
    text = FLOW.format(plan=plan, left=left, beat=beat, lease=lease)
    return faults(text)


def faults(text: str) -> list[str]:
    try:
        load(text)
    except FlowError as error:
        return [
            f"{fault.code} {fault.where}: {fault.message}; {fault.cure}" for fault in error.faults
        ]
    return []


def test_a_throttle_that_is_slower_than_a_plan_lasts_is_refused() -> None:
    said = "passes a setpoint each 10s, and a plan ends before: left/marstek_modbus is given back"
    said += " in between"
    cure = (
        "write 'every: 3s' or less, or 'write_every: 10s' in the device step in place of this one"
    )
    assert told("- throttle: 10s") == [f"E312 plan/throttle: {said}; {cure}"]
    assert told(left="- throttle: 10s") == [f"E312 left/throttle: {said}; {cure}"]
    assert told("- throttle: 10s", lease="2m") == told("- throttle: 10s")
    assert told("- sample: 10s")


@pytest.mark.parametrize(
    "settings",
    [
        {"plan": "- throttle: 5s"},
        {"plan": "- throttle: 200ms", "left": "- sample: 1s"},
        {"plan": "- throttle: 20s", "beat": "10s", "lease": "30s"},
    ],
)
def test_one_that_is_quicker_is_not(settings) -> None:
    assert told(**settings) == []


def test_a_circle_above_a_device_ends_the_search() -> None:
    text = "streams:\n  a: [from: b, throttle: 9s]\n  b: [from: a, throttle: 9s]\n"
    said = faults(text + "  left: [from: a, marstek_modbus: h]")
    assert [line[:4] for line in said] == ["E310"]


OF_A_NUMBER = """
streams:
  meter: [homewizard_p1: h]
  plan:
    - from: meter
    - pid: {low: -2kW, high: 2kW}
    - split: {batteries: [left]}
    - throttle: 10s
  left: [from: plan.left, marstek_modbus: {host: b, lease: 40s}]
"""


def test_a_plan_that_is_made_of_a_number_does_not_end_by_itself() -> None:
    assert faults(OF_A_NUMBER) == []
    assert "a lease of 10s ends before" in faults(OF_A_NUMBER.replace("40s", "10s"))[0]


def test_a_plan_holds_for_as_long_as_the_predictor_says() -> None:
    assert (lasting.PERIODS, lasting.GRACE) == (observer.FRESH_PERIODS, observer.FRESH_GRACE)


def test_a_lease_must_last_as_well() -> None:
    said = "passes a setpoint each 20s, and a lease of 20s ends before"
    assert said in told("- throttle: 20s", beat="10s", lease="20s")[0]
    assert "write 'lease: 40s' there" in faults(NUMBER.format(every="20s"))[0]
    assert faults(NUMBER.format(every="5s")) == []
