"""CPU per hop of a chain of ten scale, clamp and filter steps, taps idle, fences on."""

from measure import HOPS, cheapest, closures, cpu, load

from flowctl.testing import Bench

VALUES = 200_000
KINDS = ("scale: 1.0001", "clamp: {low: -50kW, high: 50kW}", "filter: abs(value) < 20kW")


def cost(hops: int) -> float:
    """CPU us per value of a source and so many steps."""
    steps = "\n".join(f"    - {KINDS[index % 3]}" for index in range(hops))
    meter = "homewizard_p1: {host: 127.0.0.1}"
    bench = Bench(f"flow: chain\nstreams:\n  meter:\n    - {meter}\n{steps}\n", record=False)
    push = bench._ends.pushes["meter"]

    def speak() -> None:
        for value in range(VALUES):
            push(float(value % 1000))

    spent = cpu(speak)
    assert bench.engine.output(bench.graph.streams["meter"]).count == VALUES
    return spent / VALUES * 1e6


def main() -> None:
    plain, source, chain = (
        cheapest(closures),
        cheapest(lambda: cost(0)),
        cheapest(lambda: cost(HOPS)),
    )
    hop = (chain - source) / HOPS
    print(f"source {source:.3f} us, {HOPS} steps {chain:.3f} us: {hop:.3f} us a hop (bound 0.30)")
    print(f"a plain closure {plain:.3f} us: a hop is {hop / plain:.1f} closures; {load()}")


if __name__ == "__main__":
    main()
