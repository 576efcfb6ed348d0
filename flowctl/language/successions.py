"""Steps that do not go together, one after the other: nodes say so by `NotAfter` and `Alike`."""

from collections.abc import Iterator
from typing import Any

from flowctl.language.drafts import Draft, Drafts
from flowctl.language.graph import taps
from flowctl.language.infer import Carrying
from flowctl.language.simple import holds
from flowctl.marks import Alike, NotAfter
from flowctl.signature.node import Input

UNDONE, UNLIKE = "W407", "W409"


def successions(drafts: Drafts, carrying: Carrying) -> None:
    """Warn of what comes from a node whose work a step would undo, or that aims elsewhere."""
    for draft in drafts.steps.values():
        for item in draft.spec.inputs if draft.spec else ():
            marks = [mark for mark in item.marks if isinstance(mark, NotAfter | Alike)]
            makers = [*_makers(draft, item, drafts, carrying)] if marks else []
            for mark in marks:
                named = [step for step in makers if step.node == mark.node]
                if isinstance(mark, NotAfter):
                    _undone(draft, named[:1] if _is_meant(draft, mark) else [], mark, drafts)
                else:
                    _unlike(draft, named, mark, drafts)


def _is_meant(draft: Draft, mark: NotAfter) -> bool:
    """Tell whether a step is set so that it matters after what it comes."""
    if mark.where is None:
        return True
    name, bound = mark.where
    value = draft.settings.get(name)
    return isinstance(value, int | float) and holds(bound, value)


def _undone(draft: Draft, makers: list[Draft], mark: NotAfter, drafts: Drafts) -> None:
    for step in makers:
        said = f"works against {step.id} (line {step.mark.line}): {mark.why}"
        place = draft.places.get(mark.where[0], draft.mark) if mark.where else draft.mark
        drafts.report.add(place, UNDONE, draft.id, said, mark.cure)


def _unlike(draft: Draft, makers: list[Draft], mark: Alike, drafts: Drafts) -> None:
    for step in makers:
        for name in mark.names:
            if _given(step, name) != _given(draft, name):
                said = f"{name}: differs from that of {draft.id} (line {draft.mark.line})"
                where = step.places.get(name, step.mark)
                cure = f"write the same '{name}' in both"
                drafts.report.add(where, UNLIKE, step.id, f"{said}: {mark.why}", cure)


def _given(draft: Draft, name: str) -> Any:
    return draft.settings.get(name, draft.inputs.get(name))


def _makers(draft: Draft, item: Input, drafts: Drafts, carrying: Carrying) -> Iterator[Draft]:
    """Yield the steps that had a hand in the records of an input, the nearest first."""
    waiting, seen = list(taps(draft.inputs.get(item.name, ()))), set[str]()
    for tap in waiting:
        step = drafts.steps.get(tap.step)
        if step and step.id not in seen and carrying.tap(tap)[0].type is item.wire.type:
            seen.add(step.id)
            yield step
            waiting += [above for source in step.inputs.values() for above in taps(source)]
