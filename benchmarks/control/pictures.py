"""Draw the pictures of docs/control.md: flows in closed loop, in virtual time, as SVG.

    python benchmarks/control/pictures.py                  (all of them, into docs/pictures/)
    python benchmarks/control/pictures.py cover pulses     (some)

Each picture is a run of `flows/home.yaml` as it stands (or of the flow that is named) against a
small plant, by the same code as `flowctl backtest`; the same code draws the same bytes.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from charts import COLOURS, Curve, Panel, chart
from runs import WARM, Run, run, shifted

from flowctl import Ability, Outlook

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
HOME, NAIVE = ROOT / "flows/home.yaml", ROOT / "flows/baselines/naive.yaml"

TOLD = "telemetry: {every: 2s, age: 400ms, noise: 3W}"
LEFT = f"left: {{kind: wired, {TOLD}"
RIGHT = "right: {kind: udp"
QUIET = "house: {noise: 0W, seed: 4}\nmeter: {kind: dsmr5}\n"
"""One course of chance: the first picture has 54 W with it, and 44 to 57 W with seeds 1 to 12."""
RATED = 2500.0  # W


def story() -> str:
    """Two batteries, one under-delivers, and the load rises meanwhile."""
    faults = f"faults: [{{after: {WARM + 15:g}s, lasts: 105s, cap: 300W}}]"
    plant = f"{QUIET}{LEFT}}}\n{RIGHT}, {faults}}}"
    house = [(0.0, 0.0), (20.0, 1000.0), (45.0, 1400.0)]
    made = run(HOME, plant, shifted(house), WARM + 210)
    span, since = (10.0, 200.0), WARM
    weak = [(15.0, 120.0, "right gives 300 W at most, and does not say so")]
    notes = [(20.0, "+1000 W"), (45.0, "+400 W")]
    can = made.seen(lambda view: view.batteries["right"].can_discharge, since)
    cut = [(at, watts) for at, watts in can if watts < RATED]
    say("story", made.mean(WARM + 30, WARM + 75), "W mean |grid| from 10 s after the first step on")
    return chart(
        "A battery that gives less than it is told, while the load rises",
        [
            Panel("W", house_and_grid(made, since), 130, notes),
            Panel("W", told_and_given(made, "left", since), 120),
            Panel("W", [
                *told_and_given(made, "right", since),
                Curve("believed limit", cut, COLOURS["good"], held=True),
            ], 140, [], weak),
        ],
        span,
    )  # fmt: skip


def in_flight() -> str:
    """The same step, with and without a thought for what is on its way."""
    plant = f"{QUIET}{LEFT}}}\n{RIGHT}}}"
    house = shifted([(0.0, 200.0), (20.0, 1200.0), (80.0, 700.0)])
    law, naive = (run(flow, plant, house, WARM + 150) for flow in (HOME, NAIVE))
    since, window = WARM, (WARM + 20, WARM + 140)
    say("in_flight", law.mean(*window), "W mean |grid| of home.yaml from the step on")
    say("in_flight", naive.mean(*window), "W mean |grid| of naive.yaml from the step on")
    notes = [(20.0, "+1000 W"), (80.0, "-500 W")]
    return chart(
        "The grid after a step of the load: commands in flight counted once, and again",
        [
            Panel("W", [
                Curve("naive.yaml", naive.curve(naive.grid, since), COLOURS["other"]),
            ], 150, notes),
            Panel("W", [
                Curve("home.yaml", law.curve(law.grid, since), COLOURS["grid"]),
            ], 110, notes),
        ],
        (10.0, 140.0),
    )  # fmt: skip


def observer() -> str:
    """What the meter shows, and what is made of it."""
    plant = f"{QUIET}{LEFT}}}\n{RIGHT}}}"
    made = run(HOME, plant, shifted([(0.0, 300.0), (15.0, 2300.0)]), WARM + 70)
    since = WARM
    shown = made.seen(lambda view: view.shows(), since)
    return chart(
        "The load is known while batteries move",
        [
            Panel("W", [
                Curve("house, in truth", made.curve(made.load, since), COLOURS["house"], True),
                Curve("load, as believed", made.seen(lambda v: v.load, since), COLOURS["good"]),
                Curve("meter reading", made.seen(meter, since), COLOURS["grid"], held=True),
            ], 170, [(15.0, "+2000 W")]),
            Panel("W", [
                Curve("told to both", made.seen(told, since), COLOURS["left"], True, True),
                Curve("they should show", shown, COLOURS["good"]),
                Curve("they give", total(made, since), COLOURS["left"]),
            ], 150),
        ],
        (5.0, 55.0),
    )  # fmt: skip


def meter(view: Outlook) -> float:
    return view.meter


def told(view: Outlook) -> float:
    return sum(ability.setpoint for ability in view.batteries.values())


def total(made: Run, since: float) -> list[tuple[float, float]]:
    return made.curve([sum(now) for now in zip(*made.powers.values(), strict=True)], since)


def learning() -> str:
    """Dead times and lags, from a first guess on."""
    plant = f"{QUIET}{LEFT}}}\n{RIGHT}}}"
    steps = [(20.0 * k, 300.0 + watts) for k, watts in enumerate([0, 900, 300, 1500, 600] * 6)]
    made = run(HOME, plant, steps, 610)

    def reach(name: str) -> list[tuple[float, float]]:
        def of(view: Outlook) -> float:
            ability: Ability = view.batteries[name]
            return ability.dead_time + ability.lag

        return made.seen(of, 0.0)

    minutes = [(60.0 * k, abs_mean(made, 60 * k)) for k in range(10)]
    for name in ("left", "right"):
        last = made.outlooks[-1][1].batteries[name]
        say("learning", last.dead_time, f"s dead time of {name}, {last.lag:g} s lag after 10 min")
    return chart(
        "How late each battery answers, learned from the meter alone",
        [
            Panel("s", [
                Curve("right: dead + lag", reach("right"), COLOURS["right"], held=True),
                Curve("left: dead + lag", reach("left"), COLOURS["left"], held=True),
            ], 140),
            Panel("W", [Curve("mean |grid| per min", minutes, COLOURS["grid"], held=True)], 100),
            Panel("W", [Curve("house", made.curve(made.load, 0.0), COLOURS["house"])], 70),
        ],
        (0.0, 600.0),
    )  # fmt: skip


def abs_mean(made: Run, begin: float) -> float:
    return made.mean(begin, begin + 60)


def pulses() -> str:
    """A hob that goes on and off faster than anybody can follow."""
    plant = f"{QUIET}{LEFT}}}\n{RIGHT}}}"
    hob = [(0.0, 300.0)] + [
        (20.0 + 7 * k + off, 300.0 + watts)
        for k in range(17)
        for off, watts in ((0, 1800.0), (2, 0.0))
    ]
    made = run(HOME, plant, shifted(hob), WARM + 140)
    since = WARM
    say("pulses", made.mean(WARM + 80, WARM + 130), "W mean |grid| from 60 s after the first pulse")
    return chart(
        "A load that pulses faster than the batteries: first chased, then held",
        [
            Panel("W", [
                Curve("house", made.curve(made.load, since), COLOURS["house"]),
                Curve("target", made.seen(lambda v: v.target, since), COLOURS["good"], held=True),
            ], 140),
            Panel("W", [Curve("batteries give", total(made, since), COLOURS["left"])], 110),
        ],
        (10.0, 130.0),
    )  # fmt: skip


def cover() -> str:
    """A quick small battery bridges while a slow large one comes."""
    plant = (
        f"{QUIET}left: {{kind: hybrid, max_charge: 1kW, max_discharge: 1kW}}\n"
        "right: {kind: cloud, max_charge: 2.5kW, max_discharge: 2.5kW}"
    )
    made = run(HOME, plant, shifted([(0.0, 200.0), (20.0, 1400.0)]), WARM + 100)
    since = WARM
    say("cover", made.mean(WARM + 20, WARM + 60), "W mean |grid| in 40 s from the step on")
    return chart(
        "Fill-in: a quick battery bridges while a slow one comes",
        [
            Panel("W", house_and_grid(made, since), 120, [(20.0, "+1200 W")]),
            Panel("W", [
                *told_and_given(made, "left", since, called="quick"),
                *told_and_given(made, "right", since, called="slow"),
            ], 160),
        ],
        (10.0, 90.0),
    )  # fmt: skip


def lease() -> str:
    """A meter that falls silent, and comes back."""
    faults = f"faults: [{{after: {WARM + 40:g}s, lasts: 40s, silent: true}}]"
    plant = f"house: {{noise: 0W}}\nmeter: {{kind: dsmr5, {faults}}}\n{LEFT}}}\n{RIGHT}}}"
    made = run(HOME, plant, shifted([(0.0, 200.0), (15.0, 1200.0)]), WARM + 120)
    since, released = WARM, [at for at, watts in made.setpoints["left"] if watts == 0.0]
    after = next(at for at in released if at > WARM + 40) - WARM - 40
    say("lease", after, "s after the meter's end the batteries are given back")
    return chart(
        "A meter that falls silent: batteries are given back, and taken again",
        [
            Panel("W", house_and_grid(made, since), 110, [], [(40.0, 80.0, "the meter is silent")]),
            Panel("W", [
                *told_and_given(made, "left", since),
                *told_and_given(made, "right", since),
            ], 130),
        ],
        (10.0, 110.0),
    )  # fmt: skip


def house_and_grid(made: Run, since: float) -> list[Curve]:
    return [
        Curve("house", made.curve(made.load, since), COLOURS["house"]),
        Curve("grid", made.curve(made.grid, since), COLOURS["grid"]),
    ]


def told_and_given(made: Run, name: str, since: float, called: str = "") -> list[Curve]:
    return [
        Curve(f"{called or name} is told", made.asked(name, since), COLOURS[name], True, True),
        Curve(f"{called or name} gives", made.of(name, since), COLOURS[name]),
    ]


def say(picture: str, figure: float, about: str) -> None:
    """Print a figure that the page quotes."""
    print(f"{picture}: {figure:.1f} {about}")


ALL = (story, in_flight, observer, learning, pulses, cover, lease)


def main() -> None:
    wanted = sys.argv[1:] or [made.__name__ for made in ALL]
    for made in ALL:
        if made.__name__ in wanted:
            (PICTURES / f"{made.__name__}.svg").write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
