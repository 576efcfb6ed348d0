"""From the text of a flow to a checked `Graph`, or to all that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowctl.faults import FlowError, Mark, nearest
from flowctl.language.addresses import address
from flowctl.language.dotenv import environment
from flowctl.language.drafts import Draft, Drafts, Scope
from flowctl.language.fitting import Fitting
from flowctl.language.flow import RawFlow, read_flow
from flowctl.language.graph import Graph, Step
from flowctl.language.idle import idle
from flowctl.language.infer import Carrying
from flowctl.language.lasting import leases, passing
from flowctl.language.library import Library
from flowctl.language.linking import link, settle
from flowctl.language.marked import Marked
from flowctl.language.overlay import Overlay
from flowctl.language.references import References
from flowctl.language.report import Report
from flowctl.language.rosters import Rosters
from flowctl.language.rules import circles, producers, silent_ends, topics, twice, unread
from flowctl.language.shares import shares
from flowctl.language.successions import successions
from flowctl.language.testform import TESTS, read_tests
from flowctl.language.testwires import TestWires
from flowctl.language.text import read_file, read_text
from flowctl.language.unfold import Unfolding
from flowctl.language.variables import Variables
from flowctl.secret import Secret

TEXT = "<text>"
EMPTY = "`flowctl new flow` writes one"


def load(
    source: str | Path,
    *,
    text: str | None = None,
    beside: Path | None = None,
    sets: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    library: Library | None = None,
) -> Graph:
    """Check a flow: a path, or YAML text (it holds a newline).

    With a path and a `text`, the text stands for what is in the file; with `beside`, that folder
    for the one that the file stands in: environment, nodes and tests. `sets` go before its vars,
    `settings` (`plan/rebalance.share`) before those of its steps.

    Raises:
        FlowError: with every fault there is, not only the first.
    """
    report = Report()
    path = None if isinstance(source, str) and "\n" in source else Path(source)
    root = _root(path, str(source) if path is None else text, report)
    if root is None:
        raise FlowError(report.faults)
    raw = read_flow(root, path.stem if path else "flow", report)
    folder = beside or (path.resolve().parent if path else None)
    library = library or _library(folder, root.mark.file)
    around = environment(folder, env, report)
    variables = Variables(report, raw.declared, dict(sets or {}), around)
    _note_sets_and_packages(variables, library, root.mark.file)
    drafts, scope = Drafts(report), Scope(variables)
    Unfolding(drafts, library, Overlay(settings or {}, report)).flow(raw.streams, scope)
    order, rosters = _check(drafts)
    wires = TestWires(drafts, scope, rosters)
    tests = _tests(raw, beside / path.name if beside and path else path, wires)
    graph = Graph(
        variables=_shown(variables.values(), drafts),
        name=raw.name,
        about=raw.about,
        file=str(path) if path else "",
        steps={name: _step(drafts.steps[name], report) for name in _sound(order, drafts)},
        streams={name: end for name, end in scope.ends.items() if end},
        tests=tests,
        watches=_watches(path, library),
        warnings=report.warnings,
        unread=silent_ends(drafts),
    )
    report.settle(graph)
    return graph


def _sound(order: list[str], drafts: Drafts) -> list[str]:
    """The steps that can be built: all of a good flow, of a faulty one those that are whole."""
    if not drafts.report.faulty:
        return order
    faulty = {fault.where for fault in drafts.report.faults if not fault.warning}
    return [name for name in order if name not in faulty and drafts.steps[name].whole]


def _root(path: Path | None, text: str | None, report: Report) -> Marked | None:
    if path and text is None:
        return read_file(path, report, empty=EMPTY)
    return read_text(text or "", str(path or TEXT), report, empty=EMPTY)


def _library(folder: Path | None, file: str) -> Library:
    try:
        return Library.beside(folder)
    except FlowError as error:
        known = error.faults[0]
        report = Report()
        report.add(Mark(file), known.code, "", known.message, known.cure)
        raise FlowError(report.faults) from None


def _tests(raw: RawFlow, path: Path | None, wires: TestWires) -> tuple[Any, ...]:
    """Tests may also stand in a file of their own: `home.tests.yaml` beside `home.yaml`."""
    inside = read_tests(raw.tests, wires, raw.declared)
    beside = path.with_name(path.stem + TESTS) if path else None
    root = read_file(beside, wires.drafts.report) if beside and beside.is_file() else None
    if root is None:
        return inside
    inner = root.value.get("tests") if isinstance(root.value, dict) else None
    return (*inside, *read_tests(inner or root, wires, raw.declared))


def _note_sets_and_packages(variables: Variables, library: Library, file: str) -> None:
    report, declared = variables.report, variables.declared
    for name in variables.sets:
        if name not in declared:
            cure = nearest(name, declared) or "the flow names its vars under 'vars:'"
            said = f"the flow has no var '{name}'"
            report.add(Mark("--set"), "E125", f"vars/{name}", said, cure)
    for trouble in library.troubles:
        report.add(Mark(file, 1, 1), "W402", "", trouble)


def _check(drafts: Drafts) -> tuple[list[str], Rosters]:
    references = References(drafts)
    for draft in list(drafts.steps.values()):
        link(draft, references)
        settle(draft, drafts.report)
    order = circles(drafts)
    carrying = Carrying(drafts)
    carrying.infer(order)
    rosters = Rosters(drafts, carrying)
    rosters.work_out(order)
    fitting = Fitting(drafts, carrying, rosters)
    for name in order:
        rosters.spread(drafts.steps[name])
        fitting.check(drafts.steps[name])
    for rule in (producers, twice, leases, passing, topics):
        rule(drafts)
    shares(drafts, rosters)
    successions(drafts, carrying)
    idle(drafts)
    unread(drafts)
    return order, rosters


def _watches(path: Path | None, library: Library) -> tuple[str, ...]:
    """Whole paths, as whoever watches tells of them; the `.env` may come later."""
    own = [path.resolve(), path.resolve().parent / ".env"] if path else []
    return tuple(str(item) for item in (*own, *library.watches()))


def _shown(values: dict[str, Any], drafts: Drafts) -> dict[str, Any]:
    """The vars of a flow; one that a secret is made of prints as stars."""
    settings = (value for draft in drafts.steps.values() for value in draft.settings.values())
    secrets = {value.reveal() for value in settings if isinstance(value, Secret)}
    hidden = {name for name, value in values.items() if str(value) in secrets}
    return {name: Secret(str(v)) if name in hidden else v for name, v in values.items()}


def _step(draft: Draft, report: Report) -> Step:
    return Step(
        draft.stream,
        draft.label,
        draft.spec,
        draft.inputs,
        draft.settings,
        draft.wire,
        draft.mark,
        report.line(draft.mark),
        address(draft) if draft.device else None,
    )
