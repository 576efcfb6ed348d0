import logging
from contextlib import nullcontext
from itertools import pairwise

import pytest
from hypothesis import assume, given
from reactivex import Subject

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.signature.node import read_node
from flowctl.virtual.clock import VirtualClock
from flowctl.virtual.play import play
from nodes.stale import stale
from tests.nodes.tried import END, Tried, timelines


def test_what_flows_passes_and_silence_is_answered_once():
    said = [(1, 500.0), (8, 400.0), (30, 300.0)]
    heard = play(stale, said, after="10s", value="0W")
    assert heard == [(1, 500.0), (8, 400.0), (18, 0.0), (30, 300.0), (40, 0.0)]


def test_a_stream_that_never_speaks_is_stale_from_the_start_on():
    assert play(stale, [], after=10, value="0W") == [(10, 0.0)]


def test_a_chosen_value_can_be_kept_alive():
    heard = play(stale, [(1, 500.0), (22, 400.0)], after=10, value="200W", every=4, rest=5)
    assert heard == [(1, 500.0), (11, 200.0), (15, 200.0), (19, 200.0), (22, 400.0)]


def test_without_a_value_the_silence_passes_as_it_is():
    assert play(stale, [(1, 500.0), (99, 400.0)], after=10) == [(1, 500.0), (99, 400.0)]


@pytest.mark.parametrize(("text", "value"), [("0W", 0.0), (False, False), ("off", "off")])
def test_the_value_may_be_a_quantity_a_flag_or_a_text(text, value):
    setting = read_node(stale).settings["value"]
    assert setting.adapter.validate_python(text) == value


def test_a_number_without_its_unit_is_refused():
    with pytest.raises(ValueError, match="did you mean '5W'"):
        read_node(stale).settings["value"].adapter.validate_python(5)


def test_repeating_nothing_is_refused():
    with pytest.raises(ValueError, match="add `value:`"):
        play(stale, [], after=10, every=1)


def test_the_log_tells_once_of_the_loss_and_once_of_the_return(caplog):
    clock, source = VirtualClock(), Subject()
    log = logging.getLogger("home.meter")
    with caplog.at_level(logging.INFO):
        stale(source, after=10, clock=clock, log=log).subscribe()
        clock.advance(50)
        source.on_next(1.0)
        source.on_next(2.0)
        clock.advance(50)
    told = [(record.levelname, record.message) for record in caplog.records]
    assert told == [
        ("WARNING", "no value for 10s"),
        ("INFO", "values come again"),
        ("WARNING", "no value for 10s"),
    ]


def test_a_stream_that_has_ended_is_not_stale():
    tried = Tried(stale, after=10, value=0.0)
    tried.say(1, 5.0)
    tried.end(2)
    tried.clock.advance(60)
    assert tried.said == [(1, 5.0), (2, END)]
    assert tried.clock.next_due() is None


def test_taken_down_it_leaves_no_timer():
    tried = Tried(stale, after=10, value=0.0)
    tried.say(1, 5.0)
    tried.subscription.dispose()
    tried.clock.advance(60)
    assert tried.said == [(1, 5.0)]
    assert tried.clock.next_due() is None


@given(timelines)
def test_every_value_passes_and_every_silence_is_answered(said):
    times = [0.0, *(at for at, _ in said), 1e9]
    assume(all(abs(b - a - 1.5) > 1e-5 for a, b in pairwise(times)))  # a tie may go either way
    heard = play(stale, said, after=1.5, value=-1.0)
    assert [event for event in heard if event[1] != -1.0] == said
    gaps = [a for a, b in pairwise(times) if b - a > 1.5]
    answers = [at for at, value in heard if value == -1.0]
    assert answers == pytest.approx([at + 1.5 for at in gaps], abs=2e-6)


@pytest.mark.parametrize(
    ("comes", "value", "said"),
    [
        ("homewizard_p1: h", "0W", ""),
        ("homewizard_p1: h", "gone", "'gone' is a text, but this wire carries a number"),
        ("homewizard_p1: h", "true", "'true' is true or false, but this wire carries a number"),
        ("{mqtt_in: {broker: h, topic: a, format: text}}", "gone", ""),
        ("{mqtt_in: {broker: h, topic: a, format: json}}", "gone", ""),
        ("{mqtt_in: {broker: h, topic: a, format: bool}}", "false", ""),
        ("from: plan", "0W", "'0W' is a number, but this wire carries Plan"),
        ("from: plan.left", "0W", ""),
    ],
)
def test_what_is_said_in_the_silence_is_of_the_kind_that_the_wire_carries(comes, value, said):
    flow = (
        "streams:\n  meter: [homewizard_p1: h]\n"
        "  plan: [from: meter, response_predictor: {batteries: {left: left}}, rebalance]\n"
        "  left: [from: plan.left, marstek_udp: h]\n"
        f"  it: [{comes}, stale: {{after: 5s, value: {value}}}, print]\n"
    )
    with pytest.raises(FlowError, match=said) if said else nullcontext():
        load(flow)
