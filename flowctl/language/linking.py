"""What each step listens to, and what its settings are."""

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

from flowctl.language.drafts import Draft
from flowctl.language.flow import FROM
from flowctl.language.graph import Source, Tap
from flowctl.language.marked import BROKEN, Marked
from flowctl.language.references import References
from flowctl.language.report import Report
from flowctl.language.settings import read, split
from flowctl.language.text import like
from flowctl.marks import Check, Present
from flowctl.signature.node import REQUIRED, Setting, Shape


def link(draft: Draft, references: References) -> None:
    """Say what each input of a step listens to."""
    if draft.spec is None:
        _link_from(draft, references)
        return
    settings, further = split(
        draft.spec, draft.given, draft.mark, draft.id, references.drafts.report
    )
    draft.written = settings
    if draft.first and draft.before:
        draft.inputs[draft.first.name] = _piped(draft.before, draft.first.shape)
    for item in draft.further:
        if item.name in further:
            given = further[item.name]
            draft.places[item.name], draft.keys[item.name] = given.mark, given.keys
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
        references.drafts.report.add(draft.mark, "E131", draft.id, "does not name a stream", cure)


def _piped(before: str, shape: Shape) -> Source:
    """The step above as an input wants it; in a mapping it goes by the name of its stream."""
    tap = Tap(before)
    if shape is Shape.MAPPING:
        return {before.partition("/")[0]: tap}
    return (tap,) if shape is Shape.LIST else tap


def settle(draft: Draft, report: Report) -> None:
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
            made = draft.settings[setting.name] = _beside(made, item)
            if setting.mark(Present):
                _look(made, setting.name, item, draft, report)
            if made == "" and setting.mark(Check):
                _not_blank(setting, item, draft, report)
    if draft.spec and draft.spec.together:
        _together(draft, draft.spec.together.rule, report)


def _not_blank(setting: Setting, item: Marked, draft: Draft, report: Report) -> None:
    """What has to be given may be empty from outside, as a place kept; not where it is written."""
    if setting.required and not item.lent and not item.soft:
        cure = f"write it, or '${{NAME:-}}' where it may be missing ({setting.about})"
        report.add(item.mark, "E132", draft.id, f"{setting.name}: is empty", cure)


def _together(draft: Draft, rule: Callable[..., object], report: Report) -> None:
    """Ask a rule about settings, once all of them are right by themselves."""
    names = signature(rule).parameters
    if names.keys() <= draft.settings.keys():
        try:
            rule(**{name: draft.settings[name] for name in names})
        except ValueError as error:
            said, _, cure = str(error).partition("; ")
            report.add(draft.mark, "E132", draft.id, said, cure)


def _look(made: Any, name: str, item: Marked, draft: Draft, report: Report) -> None:
    """A file beside the flow has to be there; one elsewhere may be on another machine."""
    near = isinstance(made, Path) and not Path(item.text).is_absolute() and not item.soft
    if near and Path(item.mark.file).is_file() and not made.is_file():
        said = f"{name}: no file '{item.text}' is beside the flow"
        report.add(item.mark, "E134", draft.id, said, like(made))


def _beside(made: Any, item: Marked) -> Any:
    """A relative path in a file is meant from that file; one from outside, from where one is."""
    if isinstance(made, Path) and not made.is_absolute() and not item.soft:
        return Path(item.mark.file).parent / made
    return made
