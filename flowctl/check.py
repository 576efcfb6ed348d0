"""From the text of a flow to a checked `Graph`, or to all that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowctl.dotenv import environment
from flowctl.drafts import Draft, Drafts, Scope
from flowctl.faults import FlowError, Mark, nearest
from flowctl.fitting import Fitting
from flowctl.flow import RawFlow, read_flow, read_tests
from flowctl.graph import Graph, Step
from flowctl.infer import Carrying
from flowctl.library import Library
from flowctl.linking import link, settle
from flowctl.references import References
from flowctl.report import Report
from flowctl.rules import circles, leases, producers, silent_ends, topics, unread
from flowctl.secret import Secret
from flowctl.text import read_file, read_text
from flowctl.unfold import Unfolding
from flowctl.variables import Variables

TEXT = "<text>"


def load(
    source: str | Path,
    *,
    sets: Mapping[str, str] | None = None,
    env: Mapping[str, str] | None = None,
    library: Library | None = None,
) -> Graph:
    """Check a flow: a path, or YAML text (it holds a newline).

    Raises:
        FlowError: with every fault there is, not only the first.
    """
    report = Report()
    path = None if isinstance(source, str) and "\n" in source else Path(source)
    file = str(path) if path else TEXT
    root = read_file(path, report) if path else read_text(str(source), file, report)
    if root is None:
        raise FlowError(report.faults)
    folder = path.resolve().parent if path else None
    raw = read_flow(root, path.stem if path else "flow", report)
    library = library or _library(folder, file)
    variables = Variables(report, raw.declared, dict(sets or {}), environment(folder, env, report))
    _known_sets(variables, raw)
    drafts = Drafts(report)
    scope = Scope(variables)
    Unfolding(drafts, library).streams(raw.streams, scope)
    order = _check(drafts)
    for trouble in library.troubles:
        report.add(Mark(file), "W402", "", trouble)
    tests = _tests_beside(path, report)
    values = variables.values()
    report.settle()
    return _graph(raw, path, drafts, scope, order, library, tests, values)


def _library(folder: Path | None, file: str) -> Library:
    try:
        return Library.beside(folder)
    except FlowError as error:
        known = error.faults[0]
        report = Report()
        report.add(Mark(file), known.code, "", known.message, known.cure)
        raise FlowError(report.faults) from None


def _tests_beside(path: Path | None, report: Report) -> tuple[Any, ...]:
    """Tests may stand in a file of their own: `home.tests.yaml` beside `home.yaml`."""
    beside = path.with_name(f"{path.stem}.tests.yaml") if path else None
    root = read_file(beside, report) if beside and beside.is_file() else None
    if root is None:
        return ()
    inner = root.value.get("tests") if isinstance(root.value, dict) else None
    return read_tests({"tests": inner or root}, report)


def _known_sets(variables: Variables, raw: RawFlow) -> None:
    for name in variables.sets:
        if name not in raw.declared:
            cure = nearest(name, raw.declared) or "the flow names its vars under 'vars:'"
            said = f"the flow has no var '{name}'"
            variables.report.add(Mark("--set"), "E125", f"vars/{name}", said, cure)


def _check(drafts: Drafts) -> list[str]:
    references = References(drafts)
    for draft in list(drafts.steps.values()):
        link(draft, references)
        settle(draft, drafts.report)
    order = circles(drafts)
    carrying = Carrying(drafts)
    carrying.infer(order)
    fitting = Fitting(drafts, carrying)
    for name in order:
        fitting.check(drafts.steps[name])
    for rule in (producers, leases, topics, unread):
        rule(drafts)
    return order


def _graph(
    raw: RawFlow, path: Path | None, drafts: Drafts, scope: Scope, order: list[str],
    library: Library, tests: tuple[Any, ...], values: dict[str, Any],
) -> Graph:  # fmt: skip
    dotenv = path.parent / ".env" if path else None
    watches = [path, dotenv if dotenv and dotenv.is_file() else None, *library.watches()]
    return Graph(
        name=raw.name,
        about=raw.about,
        file=str(path) if path else "",
        steps={name: _step(drafts.steps[name]) for name in order},
        streams={name: end for name, end in scope.ends.items() if end},
        variables=_shown(values, drafts),
        tests=(*raw.tests, *tests),
        watches=tuple(str(item) for item in watches if item),
        warnings=drafts.report.warnings,
        unread=silent_ends(drafts),
    )


def _shown(values: dict[str, Any], drafts: Drafts) -> dict[str, Any]:
    """The vars of a flow; one that a secret is made of prints as stars."""
    settings = (value for draft in drafts.steps.values() for value in draft.settings.values())
    secrets = {value.reveal() for value in settings if isinstance(value, Secret)}
    hidden = {name for name, value in values.items() if str(value) in secrets}
    return {name: Secret(str(v)) if name in hidden else v for name, v in values.items()}


def _step(draft: Draft) -> Step:
    return Step(
        draft.stream,
        draft.label,
        draft.spec,
        draft.inputs,
        draft.settings,
        draft.wire,
        draft.mark,
    )
