"""From the text of a flow to a checked `Graph`, or to all that is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowctl.dotenv import environment
from flowctl.drafts import Draft, Drafts, Scope
from flowctl.faults import FlowError, Mark, nearest
from flowctl.fitting import Fitting
from flowctl.flow import FROM, RawFlow, read_flow
from flowctl.graph import Graph, Source, Step, Tap
from flowctl.infer import Carrying
from flowctl.library import Library
from flowctl.node import REQUIRED, Shape
from flowctl.references import References
from flowctl.report import Report
from flowctl.rules import circles, leases, producers, silent_ends, topics, unread
from flowctl.settings import read, split
from flowctl.text import BROKEN, Marked, read_file, read_text
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
    drafts = Drafts(library, report)
    scope = Scope(variables)
    drafts.unfold(raw.streams, scope)
    order = _check(drafts)
    for trouble in library.troubles:
        report.add(Mark(file), "W402", "", trouble)
    report.settle()
    return _graph(raw, path, drafts, scope, order, library)


def _library(folder: Path | None, file: str) -> Library:
    try:
        return Library.beside(folder)
    except FlowError as error:
        known = error.faults[0]
        report = Report()
        report.add(Mark(file), known.code, "", known.message, known.cure)
        raise FlowError(report.faults) from None


def _known_sets(variables: Variables, raw: RawFlow) -> None:
    for name in variables.sets:
        if name not in raw.declared:
            cure = nearest(name, raw.declared) or "the flow names its vars under 'vars:'"
            said = f"the flow has no var '{name}'"
            variables.report.add(Mark("--set"), "E125", f"vars/{name}", said, cure)


def _check(drafts: Drafts) -> list[str]:
    references = References(drafts)
    for draft in list(drafts.steps.values()):
        _link(draft, references)
        _settle(draft, drafts.report)
    order = circles(drafts)
    carrying = Carrying(drafts)
    carrying.infer(order)
    fitting = Fitting(drafts, carrying)
    for name in order:
        fitting.check(drafts.steps[name])
    for rule in (producers, leases, topics, unread):
        rule(drafts)
    return order


def _link(draft: Draft, references: References) -> None:
    """Say what each input of a step listens to."""
    if draft.spec is None:
        _link_from(draft, references)
        return
    settings, further = split(
        draft.spec, draft.given, draft.mark, draft.id, references.drafts.report
    )
    draft.written = settings
    if draft.spec.inputs and draft.before:
        draft.inputs[draft.spec.inputs[0].name] = _piped(draft)
    for item in draft.spec.inputs[1:]:
        if item.name in further:
            given = further[item.name]
            draft.places[item.name] = given.mark
            source = references.source(given, item.shape, draft.scope, draft.id)
            if source is not None:
                draft.inputs[item.name] = source


def _link_from(draft: Draft, references: References) -> None:
    if draft.given is not None and not draft.unknown:
        draft.places[FROM] = draft.given.mark
        found = references.taps(draft.given, draft.scope, draft.id)
        if found and draft.wants and len(found) > 1:
            source = references.source(draft.given, Shape.ONE, draft.scope, draft.id)
            found = (source,) if isinstance(source, Tap) else None
        draft.inputs[FROM] = found or ()
    elif draft.before:
        draft.inputs[FROM] = (Tap(draft.before),)
    elif not draft.unknown and draft.node == FROM and not draft.wants:
        cure = "write '- from: STREAM'"
        references.drafts.report.add(draft.mark, "E131", draft.id, "names no stream", cure)


def _piped(draft: Draft) -> Source:
    assert draft.spec
    assert draft.before
    tap, shape = Tap(draft.before), draft.spec.inputs[0].shape
    if shape is Shape.MAPPING:
        return {draft.before.partition("/")[0]: tap}
    return (tap,) if shape is Shape.LIST else tap


def _settle(draft: Draft, report: Report) -> None:
    """Give each setting its Python value: what is written, or the default."""
    for setting in draft.spec.settings.values() if draft.spec else ():
        item = draft.written.get(setting.name)
        if item is None:
            if setting.default is not REQUIRED:
                draft.settings[setting.name] = setting.default
            continue
        draft.places[setting.name] = item.mark
        made = read(setting, item, draft.id, report)
        if made is not BROKEN:
            draft.settings[setting.name] = _beside(made, item)


def _beside(made: Any, item: Marked) -> Any:
    """A relative path in a file is meant from that file; one from outside, from where one is."""
    if isinstance(made, Path) and not made.is_absolute() and not item.soft:
        return Path(item.mark.file).parent / made
    return made


def _graph(
    raw: RawFlow, path: Path | None, drafts: Drafts, scope: Scope, order: list[str],
    library: Library,
) -> Graph:  # fmt: skip
    dotenv = path.parent / ".env" if path else None
    watches = [path, dotenv if dotenv and dotenv.is_file() else None, *library.watches()]
    return Graph(
        name=raw.name,
        about=raw.about,
        file=str(path) if path else "",
        steps={name: _step(drafts.steps[name]) for name in order},
        streams={name: end for name, end in scope.ends.items() if end},
        variables=scope.variables.values(),
        tests=raw.tests,
        watches=tuple(str(item) for item in watches if item),
        warnings=drafts.report.warnings,
        unread=silent_ends(drafts),
    )


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
