"""Faults of flows made of the real nodes: what is said, where the caret stands, and the cure."""
# ruff: noqa: E501 - what a user reads stays on one line

import pytest

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.testing import Bench
from flowctl.virtual.detached import rehearse

AROUND = """streams:
  meter: [homewizard_p1: 192.168.1.20]
  plan: [from: meter, response_predictor: {batteries: [left]}, rebalance]
  left: [from: plan.left, marstek_modbus: {host: 192.168.1.40}]
"""


def told(stream: str) -> list[str]:
    """Return the faults of a stream `x`: a word where the caret stands, and what is said."""
    try:
        rehearse(load(f"{AROUND}  x: {stream}\n", env={}))
    except FlowError as error:
        return [_told(str(fault)) for fault in error.faults]
    return []


def _told(fault: str) -> str:
    said, line, caret = fault.splitlines()
    return f"{line[caret.index('^') :]} -> {said.partition(' ')[2]}"


def begins(said: list[str], expected: str) -> None:
    """Make sure that there is one fault, at these words."""
    assert len(said) == 1, said
    at, _, words = expected.partition(" -> ")
    have, _, sentence = said[0].partition(" -> ")
    assert have.startswith(at)
    assert sentence == words


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[from: meter, clamp: {low: 3kW, high: 1kW}, print]", "clamp: {low: 3kW, high: 1kW} -> x/clamp: low is above high; exchange them"),
        ("[from: meter, debounce: {quiet: 5s, at_most: 1s}, print]", "debounce -> x/debounce: at_most 1s is shorter than quiet 5s; exchange them"),
        ("[from: plan, fuse_limit: {limit: 5kW, on: {left: l9}, outlook: plan/response_predictor, phases: {l1: meter}}, print]", "fuse_limit -> x/fuse_limit: left is on l9, which is not a phase here; phases are l1"),
    ],
)  # fmt: skip
def test_what_a_node_has_against_its_settings_is_shown_at_its_line(stream, expected):
    begins(told(stream), expected)


@pytest.mark.parametrize(
    "stream",
    [
        "[homewizard_p1: '${NOBODY:-}', print]",
        "[homewizard_p1: none, print]",
        "[homewizard_p1: '${spare}', print]",
        "[from: plan.left, marstek_udp: {host: '${spare}'}]",
        "[homewizard_p1: {host: auto, interface: ''}, print]",
    ],
)
def test_a_place_that_is_kept_may_be_empty(stream):
    assert told(f"{stream}\nvars: {{spare: ''}}") == []


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[schedule: '07:00-22:00', marstek_udp: h]", "marstek_udp: h] -> x/marstek_udp: marstek_udp works on a number, but this wire carries true or false (since line 5); 'map: 500W if value else 0' makes a number of it"),
        ("[from: meter, map: \"'text'\", marstek_udp: h]", "marstek_udp: h] -> x/marstek_udp: marstek_udp works on a number, but this wire carries a text (since line 5); streams of W here: meter"),
        ("[from: meter, map: value > 3kW, marstek_udp: h]", "marstek_udp: h] -> x/marstek_udp: marstek_udp works on a number, but this wire carries true or false (since line 5); 'map: 500W if value else 0' makes a number of it"),
        ("[from: meter, map: {to: value > 3kW}, marstek_udp: h]", "marstek_udp: h] -> x/marstek_udp: marstek_udp works on a number, but this wire carries true or false (since line 5); 'map: 500W if value else 0' makes a number of it"),
        ("[from: meter, map: '[value, 5W]', clamp: 2kW, print]", "clamp: 2kW, print] -> x/clamp: clamp works on a number or Plan, but this wire carries a list (since line 5)"),
        ("[schedule: {between: 7:00-8:00, inside: charge, outside: stop}, ramp: 50W/s, print]", "ramp: 50W/s, print] -> x/ramp: ramp works on a number, but this wire carries a text (since line 5)"),
        ("[from: meter, sum: {others: [cheap]}, print]", "[cheap]}, print] -> x/sum: others wants a number, but 'cheap/schedule' carries true or false (since line 6); 'map: 500W if value else 0' makes a number of it"),
        ("[from: [meter, cheap], print]", "[meter, cheap], print] -> x/from: streams of W (since line 2) and of true or false (since line 6) cannot be merged"),
        ("[from: meter, filter: 2kW, print]", "2kW, print] -> x/filter: '2kW' is a number, not a condition; compare with it, e.g. value > 2kW"),
        ("[from: meter, filter: value - 5W, print]", "value - 5W, print] -> x/filter: 'value - 5W' is a number, not a condition; compare it, e.g. value - 5W > 0"),
        ("[from: left, filter: mode, print]", "mode, print] -> x/filter: 'mode' is a text, not a condition; compare it, e.g. mode == 'on'"),
        ("[from: left, filter: \"'idle'\", print]", "\"'idle'\", print] -> x/filter: ''idle'' is a text, not a condition; compare with it, e.g. value == 'idle'"),
        ("[from: left, filter: value, print]", "value, print] -> x/filter: 'value' is a Battery, not a condition; compare it, e.g. value is not None"),
        ("[from: meter, map: value.x, print]", "value.x, print] -> x/map: a number has no field 'x'"),
        ("[from: left, map: value.powr, print]", "value.powr, print] -> x/map: a Battery has no field 'powr'; did you mean 'power'?"),
        ("[from: meter, map: {to: b.sco, others: {b: left}}, print]", "b.sco, others: {b: left}}, print] -> x/map: a Battery has no field 'sco'; did you mean 'soc'?"),
        ("[from: left, map: mode + 5, print]", "mode + 5, print] -> x/map: 'mode' is a text, and cannot be calculated with; float(...) makes a number of it"),
        ("[from: left, map: value * 2, print]", "value * 2, print] -> x/map: 'value' is a Battery, and cannot be calculated with; name a part of it"),
        ("[from: left, filter: mode > 5, print]", "mode > 5, print] -> x/filter: 'mode' is a text, and cannot be calculated with; float(...) makes a number of it"),
    ],
)  # fmt: skip
def test_truth_values_texts_and_lists_are_no_powers(stream, expected):
    begins(told(f"{stream}\n  cheap: [schedule: '07:00-22:00']"), expected)


@pytest.mark.parametrize(
    "stream",
    [
        "[from: meter, map: (value > 3kW) * 200W, ramp: 50W/s, print]",
        "[from: meter, map: 'max(value, 0)', ramp: 50W/s, print]",
        "[from: meter, map: 5 if value > 2kW else None, scale: 2, print]",
        "[from: meter, map: 5W if value > 2kW else 'off', ramp: 50W/s, print]",
        "[from: left, map: text(soc) + ' %' + mode, print]",
        "[from: left, map: float(mode) + 5, print]",
        "[from: left, filter: \"mode > 'A' and online or soc > 5\", print]",
        "[from: left, map: soc or 50, ramp: 5%/s, print]",
        "[from: told, map: {to: value + more, others: {more: told}}, ramp: 50W/s, print]",
        "[from: told, map: {to: value + '!', others: {more: told}}, print]",
        "[from: told, map: value % 2, pick: x, print]",
        "[from: why, filter: \"chain and setpoint != 0\", print]",
        "[from: cheap, filter: value, print]",
        "[from: told, filter: value, ramp: 50W/s, print]",
        "[from: told, map: \"value.x.y + value['z']\", ramp: 50W/s, print]",
        "[from: meter, filter: yes_or_one, print]",
        "[schedule: {between: 7:00-8:00, inside: 500W, outside: null}, ramp: 50W/s, print]",
        "[schedule: {between: 7:00-8:00, inside: 500W, outside: false}, ramp: 50W/s, print]",
        "[from: meter, filter: {where: now, others: {now: cheap}}, print]",
    ],
)  # fmt: skip
def test_what_may_be_a_number_or_a_condition_draws_no_fault(stream):
    more = "\n  cheap: [schedule: '07:00-22:00']\n  told: [mqtt_in: {broker: 'mqtt://b', topic: t}]"
    assert told(f"{stream}{more}\nvars: {{yes_or_one: 1}}") == []


FIELDS = "known: capacity, cell_power, charged, discharged, max_charge, max_discharge, min_power, mode, online, power, power_at, pv_power"


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[from: meter, print: '{vale}']", "'{vale}'] -> x/print: format: 'vale' is not known here; did you mean 'value'?"),
        ("[from: left, print: '{socc} {power}']", "'{socc} {power}'] -> x/print: format: 'socc' is not known here; did you mean 'soc'?"),
        ("[from: left, print: '{xyz}']", f"'{{xyz}}'] -> x/print: format: 'xyz' is not known here; {FIELDS}"),
        ("[from: left, print: '{power / 2}']", "'{power / 2}'] -> x/print: format: 'power / 2' is not known here; did you mean 'power'?"),
        ("[from: left, print: '{reserve}']", "'{reserve}'] -> x/print: format: 'reserve' is not known here; write ${reserve}: vars are put into a text so"),
        ("[from: plan, print: '{lef:.0f}']", "'{lef:.0f}'] -> x/print: format: 'lef' is not known here; did you mean 'left'?"),
        ("[from: meter, print: '{value:.0x}']", "'{value:.0x}'] -> x/print: format: ':.0x' is not a format for a number; write {value:.0f}"),
        ("[from: meter, print: '{value:d} W']", "'{value:d} W'] -> x/print: format: ':d' is not a format for a number; write {value:.0f}"),
        ("[from: left, print: '{mode:.0f}']", "'{mode:.0f}'] -> x/print: format: ':.0f' is not a format for a text; write {mode}"),
        ("[from: left, print: '{value:.0f}']", "'{value:.0f}'] -> x/print: format: ':.0f' is not a format for a Battery; write {value}"),
        ("[from: meter, print: '{value!r}']", "'{value!r}'] -> x/print: format: '!r' means nothing here; leave it out: {value}"),
        ("[from: told, print: '{anything:.0q}']", "'{anything:.0q}'] -> x/print: format: ':.0q' is not a format for anything; write {anything:.0f}"),
        ("[from: left, log: '{socc}']", "'{socc}'] -> x/log: text: 'socc' is not known here; did you mean 'soc'?"),
        ("[from: left, log: '{mode * 2}']", "'{mode * 2}'] -> x/log: text: 'mode' is a text, and cannot be calculated with; float(...) makes a number of it"),
        ("[from: left, log: '{soc - 5W}']", "'{soc - 5W}'] -> x/log: text: 'soc' is in %, but '5W' is in W; did you mean '5%'?"),
        ("[from: why, log: '{sayz}']", "'{sayz}'] -> x/log: text: 'sayz' is not known here; did you mean 'says'?"),
        ("[from: errors.setp, print]", "errors.setp, print] -> x/from: what 'errors' says (Trouble) has no field 'setp'; did you mean 'step'?"),
        ("[from: meter, mqtt_out: {broker: 'mqtt://b', topic: 'a/{x}'}]", "'a/{x}'}] -> x/mqtt_out: topic: 'a/{x}': nothing is filled into a topic; a var is written ${NAME}"),
    ],
)  # fmt: skip
def test_the_gaps_of_a_text_are_looked_up(stream, expected):
    more = "\n  told: [mqtt_in: {broker: 'mqtt://b', topic: t}]\nvars: {reserve: 12%}"
    begins(told(f"{stream}{more}"), expected)


@pytest.mark.parametrize(
    "stream",
    [
        "[from: meter, print: '{} {value:.0f} {value:>8} {{value}}']",
        "[from: left, print: '{soc:.0f} {mode:>9} {online} {self_regulating:.0f} {value}']",
        "[from: plan, print: '{left:.0f} {unmet} {reasons}']",
        "[from: plan.left, print: '{value:+.1f}']",
        "[from: told, print: '{a-b} {any thing:.1f} {value:%}']",
        "[from: told, log: '{a.b / 2:.0f} {value}']",
        "[from: left, log: '{soc - 5%:.0f} {-power} {mode} {text(soc):>5}']",
        "[from: errors, log: '{step}: {error}']",
        "[from: why, print: '{says} {setpoint:.0f}']",
        "[from: why.setpoint, print: '{value:.0f}']",
    ],
)
def test_gaps_that_are_right_draw_no_fault(stream):
    assert told(f"{stream}\n  told: [mqtt_in: {{broker: 'mqtt://b', topic: t}}]") == []


def test_a_device_that_is_told_no_power_is_a_trouble_once(tmp_path):
    flow = tmp_path / "flow.yaml"
    told = "told: [mqtt_in: {broker: 'mqtt://b', topic: t}]"
    flow.write_text(f"{AROUND}  {told}\n  x: [from: told, marstek_udp: 192.168.1.41]\n")
    with Bench(flow) as bench:
        for value in (True, "on", 100.0):
            bench.say("told", value)
        assert bench.heard("x") == [(0.0, 100.0)]
        troubles = [trouble for _, trouble in bench.stream("errors")]
    assert [(trouble.step, trouble.error) for trouble in troubles] == [
        ("x/marstek_udp", "refused True: not a fresh, finite power in W")
    ]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("[from: meter, log: '{value']", "'{value'] -> x/log: text: '{value' has a brace that is not closed, or not opened; write {{ or }} for the brace itself"),
        ("[from: meter, print: 'a } b']", "'a } b'] -> x/print: format: 'a } b' has a brace that is not closed, or not opened; write {{ or }} for the brace itself"),
        ("[tick: 0.001ms, print]", "0.001ms, print] -> x/tick: every: must be at least 0.01s; the flow must keep up"),
        ("[shelly: {host: h, every: 1e-9s}, print]", "1e-9s}, print] -> x/shelly: every: must be at least 0.1s; it needs time to answer"),
        ("[http_get: {url: 'http://h/', every: 0.001ms}, print]", "0.001ms}, print] -> x/http_get: every: must be at least 0.1s; it needs time to answer"),
        ("[homewizard_p1: {host: h, every: 100ms}, print]", "100ms}, print] -> x/homewizard_p1: every: must be at least 0.5s; the dongle bears 500ms"),
        ("[from: meter, sample: 0s, print]", "0s, print] -> x/sample: every: must be at least 0.01s; the flow must keep up"),
        ("[homewizard_p1: '', print]", "'', print] -> x/homewizard_p1: host: is empty; write it, or '${NAME:-}' where it may be missing (address of the dongle, e.g. 192.168.1.20; auto: the only one in the network; none: none)"),
        ("[from: meter, marstek_modbus: {host: ''}]", "''}] -> x/marstek_modbus: host: is empty; write it, or '${NAME:-}' where it may be missing (address of the battery's LAN port, or of the RS485 gateway before it; empty: none)"),
        ("[shelly: '', print]", "shelly: '', print] -> x/shelly: a Shelly is at a host, or at a broker with its topic; give one of both"),
        ("[shelly, print]", "shelly, print] -> x/shelly: a Shelly is at a host, or at a broker with its topic; give one of both"),
        ("[shelly: {host: h, push: true, gen: '1'}, print]", "shelly: {host: h, push: true, gen: '1'}, print] -> x/shelly: the first generation says nothing by itself except over a broker; leave out push"),
        ("[from: meter, variable_load: {broker: 'mqtt://b', topic: t}]", "variable_load: {broker: 'mqtt://b', topic: t}] -> x/variable_load: how much it draws is not known; give max_power or calibration"),
        ("[ha_select: {broker: 'mqtt://b', name: it, options: [A, B], start: C}, print]", "ha_select: {broker: 'mqtt://b', name: it, options: [A, B], start: C}, print] -> x/ha_select: start 'C' is not an option; options are A, B"),
        ("[simulated_house: {plant: }]", "}] -> x/simulated_house: plant: nothing is not the path of a file"),
        ("[simulated_house: {plant: [3]}]", "[3]} -> x/simulated_house: plant: a list is not the path of a file"),
        ("[from: meter, filter: value > 1x30, print]", "value > 1x30 -> x/filter: where: 'value > 1x30' is not an expression: invalid decimal literal; a quantity is a number and its unit, e.g. 2kW or 1h30m"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_told_in_plain_words(stream, expected):
    begins(told(stream), expected)
