"""Steps that do not go together, one after the other: nodes say so by `NotAfter`."""

from collections.abc import Iterator

from flowctl.language.drafts import Draft, Drafts
from flowctl.language.graph import taps
from flowctl.language.infer import Carrying
from flowctl.marks import NotAfter
from flowctl.signature.node import Input


def successions(drafts: Drafts, carrying: Carrying) -> None:
    """Warn of records that come from a node whose work a step would undo."""
    for draft in drafts.steps.values():
        for item in draft.spec.inputs if draft.spec else ():
            marks = [mark for mark in item.marks if isinstance(mark, NotAfter)]
            makers = _makers(draft, item, drafts, carrying) if marks else iter(())
            nearest = {step.node: step for step in reversed([*makers])}
            for mark in marks:
                if step := nearest.get(mark.node):
                    said = f"works against {step.id} (line {step.mark.line}): {mark.why}"
                    drafts.report.add(draft.mark, "W407", draft.id, said, mark.cure)


def _makers(draft: Draft, item: Input, drafts: Drafts, carrying: Carrying) -> Iterator[Draft]:
    """Yield the steps that had a hand in the records of an input, the nearest first."""
    waiting, seen = list(taps(draft.inputs.get(item.name, ()))), set[str]()
    for tap in waiting:
        step = drafts.steps.get(tap.step)
        if step and step.id not in seen and carrying.tap(tap)[0].type is item.wire.type:
            seen.add(step.id)
            yield step
            waiting += [above for source in step.inputs.values() for above in taps(source)]
