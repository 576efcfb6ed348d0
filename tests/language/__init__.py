"""A small library of nodes, and words for tests of the flow language."""

from pathlib import Path
from textwrap import dedent

from flowctl.faults import Fault, FlowError
from flowctl.language.check import load
from flowctl.language.graph import Graph
from flowctl.language.library import Library, Place

NODES = Path(__file__).parent / "nodes"
LIBRARY = Library((Place(NODES, None),))

GOOD = """
flow: home
about: Two batteries.
vars:
  reserve: 12%
  big: 20kW
streams:
  grid:
    - meter: {host: "${P1:-127.0.0.1:80}", every: 1s}
    - keep: abs(value) < big
  plan:
    - from: grid
    - wait: 50ms
    - law: {batteries: [left, right]}
    - limit: {low: -2.5kW, high: 2.5kW}
      as: limits
    - wait: 200ms
  left:
    - from: plan.left
    - cell: {host: a, lease: 10s}
  right:
    - from: plan.right
    - cell: b
  report:
    - from: [plan/limits.left, left.power]
    - out: {topic: home/plan, password: "${PW:-secret}"}
"""


def check(text: str, env: dict[str, str] | None = None, **given) -> Graph:
    """Check a text with the nodes of the tests alone."""
    return load(dedent(text) + "\n", env=env or {}, library=LIBRARY, **given)


def faults(text: str, env: dict[str, str] | None = None, **given) -> list[Fault]:
    """Return all faults of a text."""
    try:
        check(text, env, **given)
    except FlowError as error:
        return list(error.faults)
    return []


def told(text: str, env: dict[str, str] | None = None, **given) -> list[str]:
    """Return the faults as `line:column code where: message; cure`."""
    return [
        f"{fault.mark.line}:{fault.mark.column} {fault.code} {fault.where}: {fault.message}"
        + (f"; {fault.cure}" if fault.cure else "")
        for fault in faults(text, env, **given)
    ]


def pipe(*steps: str, streams: str = "") -> str:
    """Write a flow with one pipe `a` on a meter, and further streams before it."""
    lines = ["streams:", "  grid: [meter: {host: x}]", "  soc: [charge]"]
    lines += [f"  {line}" for line in dedent(streams).strip().splitlines()]
    lines += ["  a:", "    - from: grid", *(f"    - {step}" for step in steps)]
    return "\n".join(lines) + "\n"
