"""CPU per hop of a chain of ten scale, clamp and filter steps, taps idle, fences on."""

import time

from flowctl.testing import Bench

KINDS = ("scale: 1.0001", "clamp: {low: -50kW, high: 50kW}", "filter: abs(value) < 20kW")


def cost(hops: int, values: int = 200_000) -> float:
    steps = "\n".join(f"    - {KINDS[index % 3]}" for index in range(hops))
    meter = "homewizard_p1: {host: 127.0.0.1}"
    flow = f"flow: chain\nstreams:\n  meter:\n    - {meter}\n{steps}\n"
    bench = Bench(flow, record=False)
    push = bench._ends.pushes["meter"]
    began = time.process_time()
    for value in range(values):
        push(float(value % 1000))
    spent = time.process_time() - began
    assert bench.engine.output(bench.graph.streams["meter"]).count == values
    return spent / values * 1e6


def main() -> None:
    source, chain = min(cost(0) for _ in range(5)), min(cost(10) for _ in range(5))
    print(f"source {source:.3f} us, ten steps {chain:.3f} us: {(chain - source) / 10:.3f} us a hop")


if __name__ == "__main__":
    main()
