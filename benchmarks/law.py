"""What predictor and rebalance cost per meter reading, from one battery to twenty."""

import logging
import random
import time
from statistics import mean, median

from measure import cheapest, closures, load
from reactivex import Subject

from flowctl import Battery, Outlook, Plan, Store
from flowctl.virtual.clock import VirtualClock
from nodes.rebalance import rebalance
from nodes.response_predictor import response_predictor

READINGS, WARM = 2000, 200
STEPS = 0.03  # of the readings in which an appliance goes on or off
COUNTS = (1, 2, 5, 10, 20)
BOUND = 60.0  # us for two batteries


def cost(count: int) -> tuple[float, float]:
    """Median and mean us from a reading to the plan; batteries accept it, and deliver it later.

    The mean has in it what is learned of timings, each 2.7 s while batteries move.
    """
    clock, log = VirtualClock(), logging.getLogger("law")
    meter = Subject[float]()
    batteries = {f"b{number}": Subject[Battery]() for number in range(count)}
    plans: list[Plan] = []
    outlook = response_predictor(meter, batteries, clock=clock, store=Store(), log=log)
    seen: list[Outlook] = []
    outlook.subscribe(seen.append, scheduler=clock)
    shared = Subject[Outlook]()
    rebalance(shared, log=log).subscribe(plans.append, scheduler=clock)
    chance, base, took = random.Random(1), 500.0, []
    for _ in range(READINGS):
        if chance.random() < STEPS:
            base = chance.uniform(-1000.0 * count, 1500.0 * count)
        load_w = base + chance.gauss(0.0, 20.0)
        given = plans[-5].watts if len(plans) > 4 else {}
        for name, battery in batteries.items():
            battery.on_next(Battery(power=given.get(name, 0.0), soc=55.0, capacity=5120.0))
        began = time.perf_counter()
        meter.on_next(load_w - sum(given.values()))
        shared.on_next(seen[-1])
        took.append(time.perf_counter() - began)
        for name, watts in plans[-1].watts.items():
            batteries[name].on_next(Battery(setpoint=watts))
        clock.advance(1.0)
    return median(took[WARM:]) * 1e6, mean(took[WARM:]) * 1e6


def main() -> None:
    print(f"a plain closure {cheapest(closures) * 1000:.0f} ns; {load()}")
    costs = {count: cheapest(lambda count=count: cost(count), 3) for count in COUNTS}
    for count, (usual, average) in costs.items():
        print(
            f"{count:2d} batteries {usual:6.1f} us, {usual / count:5.1f} each; mean {average:.1f}"
        )
    print(f"two batteries {costs[2][0]:.0f} us (bound {BOUND:.0f}); {load()}")


if __name__ == "__main__":
    main()
