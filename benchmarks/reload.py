"""One parameter changed in a running flow of a hundred steps: how long until it is in force."""

import gc
import tempfile
import time
from pathlib import Path
from statistics import median

from measure import load

from flowctl.language.check import load as checked
from flowctl.live.reload import Changes, replace
from flowctl.testing import Bench

STREAMS, ROUNDS = 20, 10
HEAD = "flow: long\nstreams:\n  meter:\n    - homewizard_p1: {host: 127.0.0.1}\n"
STREAM = """
  s{number}:
    - from: meter
    - scale: {factor}
    - clamp: {{low: -50kW, high: 50kW}}
    - delay: 5s
    - smooth: 3s
"""


def text(factor: float) -> str:
    """A hundred steps; the factor of one of them is given."""
    factors = [factor if number == STREAMS // 2 else 1.5 for number in range(STREAMS)]
    streams = (STREAM.format(number=number, factor=one) for number, one in enumerate(factors))
    return HEAD + "".join(streams)


def reloaded(bench: Bench, flow: Path, factor: float) -> tuple[float, float, Changes]:
    """Write the file and bring the running flow to it, as `flowctl run` does: ms and CPU ms."""
    flow.write_text(text(factor))
    began, spent = time.perf_counter(), time.process_time()
    changes = replace(bench.engine, checked(flow))
    return (time.perf_counter() - began) * 1e3, (time.process_time() - spent) * 1e3, changes


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        flow = Path(name) / "long.yaml"
        flow.write_text(text(2.0))
        bench = Bench(flow)
        gc.freeze()  # as `flowctl run` does
        took, used = [], []
        for number in range(ROUNDS):
            bench.say("meter", 100.0)  # each stream holds it in a timer of its own
            passed, spent, changes = reloaded(bench, flow, 3.0 + number)
            took.append(passed)
            used.append(spent)
            bench.advance(6.0)
        said = [len(bench.stream(f"s{number}/delay")) for number in range(STREAMS)]
        steps = len(bench.graph.steps)
        print(f"{steps} steps: {median(took):.1f} ms, at worst {max(took):.1f} ms (bound 20)")
        print(f"of CPU {median(used):.1f} ms, at worst {max(used):.1f} ms")
        print(f"rebuilt {changes.rebuilt}, {len(changes.kept)} untouched")
        print(f"timers lost: {sum(ROUNDS - count for count in said)}; {load()}")


if __name__ == "__main__":
    main()
