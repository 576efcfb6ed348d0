"""No text, however broken, leads to anything but located faults."""

import copy
import random
import time
from textwrap import dedent

import pytest
import yaml

from flowctl.faults import FlowError
from flowctl.language.check import load
from flowctl.language.library import Library, Place
from tests.language import GOOD, LIBRARY, NODES, check
from tests.test_subflow import CALM, FLOW

OTHER = """
streams:
  grid: [meter: {host: x, port: 80}]
  soc: [charge]
  said:
    - tell: {topic: a/b, unit: "%", password: "${PW:-x}"}
  both:
    - from: [soc, said]
    - wait: 5m
  cell:
    - from: a/limit
    - cell: {host: "${HOST:-h}", max_charge: 1kW}
    - take: power
  a:
    - from: grid
    - gate: {mode: hard, count: 2, steps: [1kW, 2kW], limits: {a: 5%, b: 6%}}
    - slope: 100W/s
    - add: {others: [grid, a/slope]}
    - limit: {high: 5kW, low: "${LOW:-0}"}
    - keep: {where: value > 2kW and x is not None, others: {x: soc, y: grid}}
    - out
"""
PLAIN = """
from as grid plan.left a/b.c ${x} ${x:-${y:-2s}} ${ $${ &x *x !t --- ... | > # % @ ` " {} [ ] '
null ~ true no .inf -.nan 1e999 -0 5% 1kW kW ١٢ é 😀 errors in tests vars <<: file:/nowhere
value.__class__ 9**9**9 home/plan#2 .. / . a.b.c law cell meter beat mute ? : - \t \x1b[31m
"""
WORDS = [
    *(PLAIN.split()),
    *("2 s", "<<: *x", "!!binary x", "? a", ": ", "- ", "\t", "lambda: 0", "x -> y"),
    *("9" * 400, "0x" + "f" * 40, "a" * 3000, "(" * 200, "[" * 60),
]
STRANGE = ["\u2028", "\ufeff", "\x00", "\x7f", "\ud800", "\x1b[31m"]


def of_text(text: str, rng: random.Random) -> str:
    lines = text.split("\n")
    here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(9)
    if kind == 0:
        del lines[here]
    elif kind == 1:
        lines.insert(there, lines[here])
    elif kind == 2:
        lines[here], lines[there] = lines[there], lines[here]
    elif kind == 3:
        lines[here] = " " * rng.randrange(5) + lines[here].lstrip()
    elif kind == 4:
        lines[here] = lines[here].replace(" ", "\t", 1)
    else:
        at = rng.randrange(len(text) + 1)
        cut = rng.choice([0, 0, 1, 5])
        return text[:at] + rng.choice(WORDS + STRANGE) + text[at + cut :]
    return "\n".join(lines)


def of_tree(tree: object, rng: random.Random) -> object:
    """Replace, drop, double or swap one part of the data."""
    spots = list(_spots(tree))
    owner, key = rng.choice(spots)
    kind = rng.randrange(6)
    other_owner, other_key = rng.choice(spots)
    if kind == 0:
        del owner[key]
    elif kind == 1:
        owner[key] = rng.choice(
            [None, 0, -1, 1e300, True, "", "x", [], {}, [[]], {"a": {}}, [1, "b"]]
        )
    elif kind == 2:
        owner[key] = (
            copy.deepcopy(other_owner[other_key]) if rng.random() < 0.5 else rng.choice(WORDS)
        )
    elif kind == 3:
        owner[key] = [owner[key]] if rng.random() < 0.5 else {rng.choice(WORDS): owner[key]}
    elif kind == 4 and isinstance(owner, dict):
        owner[rng.choice([*WORDS, *owner])] = owner.pop(key)
    elif isinstance(owner, list):
        owner.insert(0, copy.deepcopy(owner[key]))
    return tree


def _spots(part):
    inside = part.items() if isinstance(part, dict) else enumerate(part)
    for key, item in inside:
        yield part, key
        if isinstance(item, dict | list):
            yield from _spots(item)


def outcome(text: str) -> bool:
    """Whether a text is a flow; what else it may be is a list of located faults."""
    found = told_by(check, text)
    for fault in found:
        assert fault.code[0] in "EW", fault
        assert fault.mark.line > 0, fault
        assert fault.mark.column > 0, fault
        assert fault.message, fault
        assert str(fault), fault
    return not found


def told_by(load, source, **given):
    try:
        load(source, **given)
    except FlowError as error:
        return error.faults or ["nothing"]
    return []


@pytest.mark.parametrize("good", [GOOD, OTHER])
def test_the_originals_are_right(good):
    assert outcome(good)


def test_two_thousand_mutants_of_text_are_flows_or_located_faults():
    rng = random.Random(1)
    begun = time.monotonic()
    for number in range(2000):
        text = GOOD if number % 2 else OTHER
        for _ in range(rng.choice([1, 1, 2, 4])):
            text = of_text(text, rng)
        outcome(text)
    assert time.monotonic() - begun < 60  # a mutant that hangs, not a benchmark


def test_a_thousand_mutants_of_the_tree_are_flows_or_located_faults():
    rng = random.Random(2)
    originals = [yaml.safe_load(GOOD), yaml.safe_load(OTHER)]
    for number in range(1000):
        tree = copy.deepcopy(originals[number % 2])
        for _ in range(rng.choice([1, 1, 2, 3])):
            tree = of_tree(tree, rng)
        outcome(yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False))


def test_random_bytes_are_located_faults(tmp_path):
    rng = random.Random(3)
    path = tmp_path / "flow.yaml"
    for size in (0, 1, 7, 100, 3000):
        for _ in range(20):
            path.write_bytes(rng.randbytes(size))
            found = told_by(load, path, env={}, library=LIBRARY)
            assert all(fault.mark.line > 0 for fault in found), found


BOMB = "x: &a [" + "1," * 9 + "1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        BOMB + "streams: {}\n",
        "streams: " + "[" * 100_000 + "\n",
        "streams:\n  a:\n" + "    - " * 5000 + "\n",
        "streams: &x\n  a: *x\n",
        "streams: {a: [" + "wait: 1s, " * 3000 + "]}\n",
        "streams:\n" + "".join(f"  s{n}:\n    - from: s{n + 1}\n" for n in range(3000)),
        "streams:\n" + "".join(f"  s{n}:\n    - from: s{(n + 1) % 2000}\n" for n in range(2000)),
        "vars:\n" + "".join(f"  v{n}: ${{v{n + 1}}}${{v{n + 1}}}\n" for n in range(60)),
        "vars: {x: '" + "${a:-" * 3000 + "'}\nstreams: {}\n",
        "streams:\n  a:\n    - keep: '" + "(" * 900 + "'\n",
        "streams:\n  a:\n    - keep: '" + "-" * 900 + "1'\n",
        "streams:\n  a:\n    - keep: 'value" + ".a" * 450 + "'\n",
        "streams:\n  a:\n    - keep: " + "9" * 5000 + "\n",
        "streams:\n  a:\n    - wait: " + "9" * 5000 + "s\n",
        "a: b\n" * 100_000,
        "#\n" * 600_000,
    ],
)  # fmt: skip
def test_what_is_huge_or_deep_is_refused_soon(text):
    begun = time.monotonic()
    assert not outcome(text)
    assert time.monotonic() - begun < 10


def test_mutants_of_a_sub_flow_are_flows_or_located_faults(tmp_path):
    rng = random.Random(4)
    nodes = tmp_path / "nodes"
    nodes.mkdir()
    flow = tmp_path / "flow.yaml"
    flow.write_text(dedent(FLOW))
    for _ in range(700):
        text = dedent(CALM)
        for _ in range(rng.choice([1, 1, 2, 4])):
            text = of_text(text, rng)
        (nodes / "calm.yaml").write_text(text, errors="surrogatepass")
        both = Library((Place(NODES, None), Place(nodes, None)))
        for fault in told_by(load, flow, env={}, library=both):
            assert fault.mark.line > 0, fault
            assert str(fault), fault
