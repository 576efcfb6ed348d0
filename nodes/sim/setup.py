"""What a plant file may say: every setting with its unit, limits and meaning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from flowctl import Ge, Gt, Le, Percent, Seconds, Unit, WattHours, Watts

WattsPerSecond = Annotated[float, Unit("W/s")]
Port = Annotated[int | None, Ge(1), Le(65535), "its port, in place of the usual one"]
After = Annotated[Seconds, Ge(0), "when it begins"]
Lasts = Annotated[Seconds, Gt(0), "how long it lasts"]
Every = Annotated[Seconds | None, Gt(0), "it comes again after this; without it, once"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that begins, ends, and may come again."""

    after: After = 0.0
    lasts: Lasts = 60.0
    every: Every = None

    def on(self, time: float) -> bool:
        """Tell whether it is going on at a time."""
        gone = time - self.after
        if self.every is not None and gone > 0:
            gone %= self.every
        return 0 <= gone < self.lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEvent(Event):
    """An appliance that runs."""

    power: Annotated[Watts, "what it draws; negative: what it makes"] = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryFault(Event):
    """A battery that does less than it is told, and does not say so."""

    cap: Annotated[Watts | None, Ge(0), "it gives and takes no more than this"] = None
    gain: Annotated[Percent | None, Ge(0), "it delivers this part of what it is told"] = None
    offline: Annotated[bool, "it stops and does not answer"] = False
    deaf: Annotated[bool, "it does not answer, and goes on as it was told last"] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFault(Event):
    """A meter that fails."""

    silent: Annotated[bool, "it does not answer"] = False
    frozen: Annotated[bool, "it repeats its last reading"] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSetup:
    """What the house draws, solar power left aside."""

    trace: Annotated[str, "a recorded load: .csv or .csv.gz, beside the plant file"] = ""
    column: Annotated[str, "the column of the load; without it `load_w`"] = ""
    start: Annotated[Seconds, Ge(0), "where in the trace the plant begins"] = 0.0
    scale: Annotated[float, Ge(0), "the load is multiplied by this"] = 1.0
    profile: Annotated[Literal["evening", "day", "steps", "quiet"], "a made-up load"] = "evening"
    base: Annotated[Watts, "of a profile: what is always drawn"] = 300.0
    noise: Annotated[Watts, Ge(0), "of a profile: how restless it is"] = 6.0
    loads: Annotated[tuple[LoadEvent, ...], "further appliances, by time"] = ()
    time_of_day: Annotated[Seconds, Ge(0), "the hour at which the plant begins"] = 17 * 3600.0
    seed: Annotated[int, "the same seed, the same house"] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SunSetup:
    """What the panels on the roof make."""

    trace: Annotated[str, "a recorded shape: .csv or .csv.gz, beside the plant file"] = ""
    column: Annotated[str, "the column of the power; without it `pv_w`"] = ""
    start: Annotated[Seconds, Ge(0), "where in the trace the plant begins"] = 0.0
    peak: Annotated[Watts | None, Gt(0), "the most it makes; scales a trace"] = None
    sunrise: Annotated[Seconds, Ge(0), "without a trace"] = 6 * 3600.0
    sunset: Annotated[Seconds, Ge(0), "without a trace"] = 20 * 3600.0
    clouds: Annotated[Percent, Ge(0), Le(100), "how broken the sky is, without a trace"] = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSetup:
    """The meter at the grid connection: the mean of a while, late."""

    kind: Annotated[Literal["dsmr5", "dsmr4", "fast"], "what the other settings begin with"] = (
        "dsmr5"
    )
    every: Annotated[Seconds, Gt(0), "time between two readings"] = 1.0
    polled: Annotated[
        Seconds,
        Ge(0),
        "time between two looks at it, which find the newest reading, be it one again or one of "
        "many; 0: it speaks by itself; a step that polls sets it",
    ] = 0.0
    latency: Annotated[Seconds, Ge(0), "from the end of the mean to the reading"] = 0.7
    jitter: Annotated[Percent, Ge(0), Le(100), "by which the latency varies"] = 20.0
    average: Annotated[Seconds, Gt(0), "over how long it takes the mean"] = 1.0
    noise: Annotated[Watts, Ge(0), "standard deviation"] = 2.0
    resolution: Annotated[Watts, Ge(0), "step of its readings"] = 1.0
    speaks: Annotated[
        Literal["homewizard_p1", "sma_mqtt"], "its protocol; over MQTT it speaks beside the first"
    ] = "homewizard_p1"
    port: Port = None
    faults: Annotated[tuple[MeterFault, ...], "what goes wrong, by time"] = ()


Told = Literal[
    "power", "capacity", "max_charge", "max_discharge", "min_power", "write_every",
    "self_regulating", "charged", "discharged", "cell_power", "pv_power",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What the battery tells of itself."""

    every: Annotated[Seconds, Ge(0), "time between two records, 0: none; a step that polls sets it"]
    age: Annotated[Seconds, Ge(0), "how old a measured power is"]
    noise: Annotated[Watts, Ge(0), "standard deviation of the power"]
    renews: Annotated[
        Seconds, Ge(0), "time between two measurements of its own: in between it tells the last"
    ] = 0.0
    zeros: Annotated[Percent, Ge(0), Le(100), "how many records show 0 W by mistake"] = 0.0
    no_soc: Annotated[bool, "its state of charge is not told, or a step does not hear it"] = False
    untold: Annotated[
        Sequence[Told],
        "what else is not told, e.g. `[min_power]`, beside what its step does not hear",
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What is lost inside while the battery works."""

    standing: Annotated[Watts, Ge(0), "its electronics, while it is awake"] = 10.0
    proportional: Annotated[Percent, Ge(0), "part of the AC power"] = 3.5
    at_full_power: Annotated[Watts, Ge(0), "what grows with the square of the power"] = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySetup:
    """One battery: what it can do, how it answers, what goes wrong."""

    kind: Annotated[
        Literal["wired", "udp", "cloud", "hybrid", "b2500", "load"],
        "what the other settings begin with; without it, what its step or protocol is",
    ] = "wired"
    speaks: Annotated[
        Literal[
            "marstek_modbus", "marstek_udp", "b2500_esp", "b2500_mqtt", "b2500_shelly", "b2500_ct"
        ]
        | None,
        "its protocol on a socket",
    ] = None
    port: Port = None
    family: Annotated[str, "its model, by the protocol's own names; a Venus is rated by it"] = ""
    capacity: Annotated[WattHours, Gt(0), "energy when full"] = 5120.0
    soc: Annotated[Percent, Ge(0), Le(100), "state of charge at the beginning"] = 60.0
    max_charge: Annotated[Watts, Ge(0), "its rating"] = 2500.0
    max_discharge: Annotated[Watts, Ge(0), "its rating"] = 2500.0
    min_power: Annotated[Watts, Ge(0), "smallest power it can hold other than zero"] = 80.0
    stays_awake: Annotated[
        bool, "told less than half of `min_power`, it gives 0 W and its relay stays closed"
    ] = True
    resolution: Annotated[Watts, Ge(0), "step of its power"] = 1.0
    dead_time: Annotated[Seconds, Ge(0), "from a command to the first sign of it"] = 1.2
    lag: Annotated[Seconds, Gt(0), "time constant of the way to a new power"] = 0.8
    slew: Annotated[WattsPerSecond, Gt(0), "no faster than this"] = 1000.0
    wake: Annotated[Seconds, Ge(0), "added when it starts from sleep"] = 1.5
    spread: Annotated[Percent, Ge(0), Le(90), "dead time, lag and slew vary by unit"] = 0.0
    write_every: Annotated[Seconds, Ge(0), "takes one command in this time, the newest"] = 1.0
    lost_writes: Annotated[Percent, Ge(0), Le(100), "commands taken and not followed"] = 0.0
    gain: Annotated[Percent, Ge(0), "it delivers this part of what it is told"] = 100.0
    self_regulating: Annotated[bool, "left alone it follows the meter; else it idles"] = False
    ignores_commands: Annotated[bool, "it goes on by its own logic, whatever it is told"] = False
    taper_from: Annotated[Percent, Ge(0), Le(100), "charges slower and slower above this"] = 90.0
    empty: Annotated[
        Percent, Ge(0), Le(100), "discharges no further; up to 3.5 % above, half as fast"
    ] = 11.5
    telemetry: Telemetry = field(default_factory=lambda: Telemetry(every=2.0, age=0.4, noise=3.0))
    losses: Losses = field(default_factory=Losses)
    panels: SunSetup = field(default_factory=SunSetup)
    """On its own side of the inverter; none without a `peak` or a `trace`."""
    faults: Annotated[tuple[BatteryFault, ...], "what goes wrong, by time"] = ()

    @property
    def stores(self) -> bool:
        """Whether it keeps what it takes."""
        return self.kind != "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantSetup:
    """A whole plant: the house, its meter, its batteries by name."""

    house: HouseSetup = field(default_factory=HouseSetup)
    pv: SunSetup | None = None
    meter_name: str = "meter"
    meter: MeterSetup = field(default_factory=MeterSetup)
    batteries: Mapping[str, BatterySetup] = field(default_factory=lambda: MappingProxyType({}))
    folder: Path = Path()
    """Where its traces are looked for."""
