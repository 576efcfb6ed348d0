"""Operators of time and of several streams where they work: between the wires of a flow."""

import logging

from flowctl.testing import Bench

HEAD = """
flow: tried
streams:
  meter: [{homewizard_p1: {host: 127.0.0.1}}]
  price: [{homewizard_p1: {host: 127.0.0.2}}]
  low: [{from: meter}, {map: value - 1}]
"""


def flow(*streams):
    """A flow of streams given as `name: [steps]`; each is read by somebody."""
    names = [stream.partition(":")[0] for stream in streams]
    read = [f"  show_{name}: [{{from: {name}}}, print]" for name in names]
    return Bench(HEAD + "\n".join([*(f"  {stream}" for stream in streams), *read, ""]))


def test_who_listens_to_a_combination_hears_the_one_of_this_turn():
    bench = flow(
        "both: [{from: meter}, {combine: {others: [low]}}]",
        "twice: [{from: low}, {combine: {others: [both], name: low}}]",
        "sum: [{from: meter}, {map: {to: value + b, others: {b: both.low}}}]",
    )
    bench.say("meter", 100.0)
    bench.say("meter", 50.0)
    assert bench.stream("sum") == [(0, 199.0), (0, 99.0)]
    assert [value["both"]["value"] - value["low"] for _, value in bench.stream("twice")] == [1, 1]


def test_a_switch_chooses_among_streams_of_this_turn():
    bench = flow(
        "chosen: [{from: meter}, {switch: {when: value > 0, then: low, otherwise: price}}]",
        "after: [{from: chosen}, {map: {to: value - l, others: {l: low}}}]",
    )
    for watts in (5.0, 7.0):
        bench.say("meter", watts)
    bench.say("price", 1.0)
    bench.say("meter", -5.0)
    assert [value for _, value in bench.stream("chosen")] == [4.0, 6.0, 1.0]
    assert [value for _, value in bench.stream("after")] == [0.0, 0.0, 7.0]


def test_what_fails_in_a_choice_stays_behind_its_fence(caplog):
    bench = flow(
        "words: [{from: meter}, {map: text(value) if value > 0 else value}]",
        "bad: [{from: meter}, {switch: {when: value > word, others: {word: words}}}]",
    )
    with caplog.at_level(logging.CRITICAL, logger="tried"):
        bench.say("meter", 5.0)
    assert bench.stream("bad") == []
    assert [trouble.step for _, trouble in bench.stream("errors")] == ["bad/switch"]
    assert bench.stream("low") == [(0, 4.0)]


def test_the_last_word_of_a_stream_is_not_overtaken_by_its_end():
    bench = flow(
        "late: [{from: meter}, {debounce: 1s}, {map: {to: value + m, others: {m: meter}}}]"
    )
    bench.say("meter", 1.0)
    bench.say("meter", 2.0)
    bench.end("meter")
    assert bench.stream("late") == [(0, 2.0), (0, 4.0)]


def test_merged_streams_and_a_watch_over_them():
    bench = flow(
        "joined: [{from: meter}, {merge: {others: [price]}}, {stale: {after: 10s, value: 0W}}]"
    )
    bench.say("meter", 5.0)
    bench.advance(1)
    bench.say("price", 6.0)
    bench.advance(20)
    assert bench.stream("joined") == [(0, 5.0), (1, 6.0), (11, 0.0)]


def test_the_calendar_and_the_beat_need_no_edge():
    bench = flow(
        "night: [{schedule: {between: '00:00-00:01', zone: UTC, inside: -2kW, outside: 0W}}]",
        "beat: [{tick: 30s}]",
    )
    bench.advance(60)
    assert bench.stream("night") == [(0, -2000.0), (60, 0.0)]
    assert bench.stream("beat") == [(0, 0.0), (30, 1.0), (60, 2.0)]
