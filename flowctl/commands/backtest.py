"""`flowctl backtest`: try flows out in a closed loop, in virtual time."""

import json
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from flowctl.faults import FlowError
from flowctl.folders import cache_folder
from flowctl.signature.arguments import pairs
from flowctl.telling.progress import progress

if TYPE_CHECKING:
    from flowctl.backtest.comparison import Comparison
    from flowctl.backtest.given import Given
    from flowctl.backtest.rebuild import Rebuilt


def backtest(
    flows: Annotated[list[Path], "flow file; more are held against it"],
    *,
    plant: Annotated[Path | None, "plant file; else the flow's own house, else its devices"] = None,
    house: Annotated[str | None, "trace of a load: FILE or FILE#COLUMN"] = None,
    pv: Annotated[str | None, "trace of a roof: FILE or FILE#COLUMN"] = None,
    peak: Annotated[str | None, "the most that the roof makes, e.g. 4kW"] = None,
    recording: Annotated[list[Path] | None, "rebuild the house from this"] = None,
    column: Annotated[
        list[str] | None, "which column or stream of a recording is which: meter=p1"
    ] = None,
    against: Annotated[list[Path] | None, "flows to hold against it"] = None,
    set_: Annotated[list[str] | None, "a var of the first flow: name=value"] = None,
    sweep: Annotated[list[str] | None, "a var or stream/step.setting: KEY=a,b,c"] = None,
    by: Annotated[str, "the figure that says which is best"] = "grid_w",
    tariff: Annotated[str | None, "import=0.32,export=0.08 per kWh, or a YAML file"] = None,
    for_: Annotated[str | None, "how long, e.g. 6h"] = None,
    begin: Annotated[str | None, "where in the trace, e.g. 2d"] = None,
    at: Annotated[str | None, "date and time of the beginning"] = None,
    warm_up: Annotated[str | None, "not counted at the beginning"] = None,
    seed: Annotated[int | None, "another course of chance"] = None,
    learned: Annotated[Path | None, "state folder of a run: what it has learned"] = None,
    silent: Annotated[list[str] | None, "a source that may say nothing"] = None,
    say: Annotated[list[str] | None, "what a source says: name=value, or name=FILE#COLUMN"] = None,
    bounds: Annotated[bool, "work out what nobody can pass"] = True,
    cache: Annotated[Path | None, "folder where bounds are kept"] = None,
    report: Annotated[Path | None, "write a page: FILE.html"] = None,
    json_: Annotated[bool, "figures for programs"] = False,
) -> None:
    """Run flows against a simulated plant and compare them, beside the best that is possible.

    Devices are replaced by their twins, the meter by the plant's. A plant begins where the load
    begins: a trace, a recording, or what the plant file makes up. Without a plant file, batteries
    and meter are what the steps of the flow say of them.

    Example: flowctl backtest flows/home.yaml --house week.csv.gz --against old.yaml
    """
    from flowctl.backtest.given import Given
    from flowctl.backtest.options import figure_name

    by = figure_name(by, priced=tariff is not None, bounded=bounds)
    given = Given(
        plant=plant, house=house, pv=pv, peak=peak, recording=_one(recording or []),
        columns=pairs(column, "--column") or None, begin=begin, at=at, lasts=for_,
        warm_up=warm_up, seed=seed, learned=learned, tariff=tariff, silent=silent or (),
        says=pairs(say, "--say"),
        pictured=report is not None,
    )  # fmt: skip
    folder = (cache or cache_folder() / "bounds") if bounds else None
    if report:
        from flowctl.backtest.page import check_place

        check_place(report)
    made, rebuilt = _compare([flows[0], *(against or ()), *flows[1:]], given, set_, sweep, folder)
    if report:
        from flowctl.backtest.page import write_page

        write_page(report, made, rebuilt)
    if json_:
        _say_json(made, rebuilt, by)
    else:
        _say(made, rebuilt, by if sweep else None)


def _one(recordings: list[Path]) -> Path | None:
    """The recording that is given; two are two houses.

    Raises:
        FlowError: there are more.
    """
    if len(recordings) > 1:
        said = f"--recording is given {len(recordings)} times, and each is a house of its own"
        raise FlowError(f"{said}; try one at a time, --recording {recordings[0]} first")
    return recordings[0] if recordings else None


def _compare(
    flows: list[Path], given: "Given", sets: list[str] | None, sweep: list[str] | None,
    cache: Path | None,
) -> "tuple[Comparison, Rebuilt | None]":  # fmt: skip
    from flowctl.backtest.candidates import named, swept
    from flowctl.backtest.comparison import compare
    from flowctl.backtest.options import asked
    from flowctl.recordings.recording import header
    from flowctl.zone import live_in

    if given.recording:
        live_in(str(header(given.recording).get("zone", "")))
    told = asked(given, flows[0], pairs(sets))
    first, *others = named(flows, pairs(sets))
    candidates = [*(swept(first, sweep) if sweep else [first]), *others]
    count = len(candidates)
    with progress("trying it out" if count == 1 else f"trying out {count} flows") as tell:
        return compare(candidates, told.setting, cache, tell), told.rebuilt


def _say_json(made: "Comparison", rebuilt: "Rebuilt | None", by: str) -> None:
    from flowctl.backtest.programs import as_json

    sys.stdout.write(json.dumps(as_json(made, rebuilt, by), ensure_ascii=False) + "\n")


def _say(made: "Comparison", rebuilt: "Rebuilt | None", by: str | None) -> None:
    from flowctl.backtest.table import ranking, table
    from flowctl.backtest.words import headline, remarks, standing

    lively = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((200, 24)).columns
    sys.stdout.write(f"{headline(made, rebuilt)}\n\n")
    draw = partial(ranking, made, by) if by else partial(table, made)
    sys.stdout.write(draw(width, bold=lively))
    if stand := standing(made):
        sys.stdout.write(f"\n{stand}\n")
    for remark in remarks(made, rebuilt):
        sys.stderr.write(f"{remark}\n")
