"""What is said on the command line about the world, and whether it goes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flowctl.backtest.makes import SUN
from flowctl.backtest.world import World
from flowctl.faults import FlowError
from flowctl.recordings.recording import header
from flowctl.signature.arguments import quantity

LEAST = 1.0  # s; what is shorter has no figures


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was said about the world."""

    plant: Path | None = None
    house: str | None = None
    pv: str | None = None
    peak: str | None = None
    recording: Path | None = None
    columns: Mapping[str, str] | None = None
    begin: str | None = None
    at: str | None = None
    lasts: str | None = None
    warm_up: str | None = None
    seed: int | None = None
    learned: Path | None = None
    tariff: str | None = None
    silent: Sequence[str] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    pictured: bool = False


def check(given: Given) -> None:
    """See whether what was said goes together.

    Raises:
        FlowError: it does not.
    """
    if given.recording and (given.house or given.pv or given.peak):
        raise FlowError("--recording brings its own house: leave out --house, --pv, --peak")
    for option, trace in (("--house", given.house), ("--pv", given.pv)):
        if trace and header(Path(trace.partition("#")[0])):
            raise FlowError(f"{option} {trace}: is a recording; say --recording {trace}")
    if given.columns and not given.recording:
        raise FlowError("--column names columns of --recording; a trace is --house FILE#COLUMN")
    if given.lasts is not None and quantity(given.lasts, "s", "--for") < LEAST:
        raise FlowError(f"--for {given.lasts}: must be at least {LEAST:g}s")
    if given.begin and not (given.house or given.pv or given.recording):
        said = f"--begin {given.begin}: is a place in a --house, a --pv or a --recording"
        raise FlowError(f"{said}, and none is given; of a trace, a plant file says it by 'start'")


def check_silent(given: Given, world: World) -> None:
    """See whether who is to be silent can be: only a recording can lack a battery.

    Raises:
        FlowError: the plant speaks for one.
    """
    meter, *batteries = world.open().names if given.silent else ("",)
    for name in given.silent:
        if name in (meter, SUN):
            cure = "in a plant file it falls silent by 'faults: [{silent: true, after: 5m}]'"
            said = f"--silent {name}: the plant speaks for it"
            raise FlowError(f"{said}; {cure}" if name == meter else said)
        if name in batteries and not given.recording:
            said = f"--silent {name}: says that a --recording lacks that battery; none is given"
            raise FlowError(f"{said}. Left out of the plant file, it is not there")
