"""Settings from outside go before those of a flow, and are checked as if they stood in it."""

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from tests.house import build

FLOW = """
flow: law
streams:
  meter: [homewizard_p1: 192.168.1.20]
  plan:
    - from: meter
    - response_predictor: {batteries: [left, right]}
    - rebalance: {reserve: 12%}
    - throttle: 200ms
  left: [from: plan.left, marstek_modbus: {host: 192.168.1.30}]
  right: [from: plan.right, marstek_udp: {host: 192.168.1.31}]
"""


def checked(folder, settings):
    return load(build(folder, FLOW), settings=settings).steps


def test_a_setting_goes_before_the_text_by_step_and_by_stream(tmp_path):
    steps = checked(tmp_path, {"plan/rebalance.share": "100W", "plan.every": "1s"})
    assert steps["plan/rebalance"].settings["share"] == 100
    assert steps["plan/rebalance"].settings["reserve"] == 12
    assert steps["plan/throttle"].settings["every"] == 1
    left = checked(tmp_path, {"left.max-charge": "1kW"})["left/marstek_modbus"]
    assert left.settings["max_charge"] == 1000


@pytest.mark.parametrize(
    "given",
    [
        {"plan/rebalance.reserve": "{left: 10%, right: 30%}"},
        {"plan/rebalance.reserve.left": "10%", "plan/rebalance.reserve.right": "30%"},
    ],
)
def test_lists_and_mappings_are_written_as_in_a_flow_or_by_key(tmp_path, given):
    plan = checked(tmp_path, {**given, "plan/rebalance.order": "[right, left]"})["plan/rebalance"]
    assert plan.settings["reserve"] == {"left": 10, "right": 30}
    assert list(plan.settings["order"]) == ["right", "left"]


def test_a_setting_of_a_node_in_yaml_and_of_a_step_inside_it(tmp_path):
    (tmp_path / "nodes").mkdir()
    (tmp_path / "nodes" / "calm.yaml").write_text(
        "node: calm\ninputs: {power: W}\nsettings: {most: {unit: W, default: 2kW}}\n"
        "streams:\n  law: [from: power, clamp: {low: '-${most}', high: '${most}'}, throttle: 1s]\n"
    )
    text = FLOW.replace("    - response_predictor", "    - calm\n    - response_predictor")
    given = {"plan/calm.most": "3kW", "plan/calm.law/throttle.every": "5s"}
    steps = load(build(tmp_path, text), settings=given).steps
    assert steps["plan/calm.law/clamp"].settings["high"] == 3000
    assert steps["plan/calm.law/throttle"].settings["every"] == 5


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("plan/rebalance.share", "100", "--sweep: plan/rebalance: share: 100 has no unit"),
        ("plan/rebalance.shre", "1W", "has no setting 'shre'; did you mean 'share'?"),
        ("plan/rebalence.share", "1W", "no step is called 'plan/rebalence'; did you mean"),
        ("plan/from.share", "1W", "'plan/from' has no settings"),
        ("plan.share.left", "1W", "throttle has no setting 'share'"),
        ("left.lease", "1s", "a lease of 1s is under two readings of meter/homewizard_p1"),
        ("plan/rebalance.reserve", "{lft: 1%}", "no battery is called 'lft'; did you mean 'left'?"),
        ("plan/rebalance.order", "[left", "a list in brackets goes on here"),
    ],
)
def test_what_does_not_fit_is_told_as_if_it_stood_in_the_flow(tmp_path, key, text, said):
    with pytest.raises(FlowError) as error:
        checked(tmp_path, {key: text})
    assert said in str(error.value)
