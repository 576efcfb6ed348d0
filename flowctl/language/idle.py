"""Settings that do nothing as the others are, or lack others: nodes say so by `OnlyWith`."""

from collections.abc import Iterator
from typing import Any

from flowctl.faults import Mark
from flowctl.language.drafts import Draft, Drafts
from flowctl.marks import OnlyWith

IDLE = "W408"


def idle(drafts: Drafts) -> None:
    """Warn of what is written and has no effect, or not the one that was meant."""
    for draft in drafts.steps.values():
        for name, where, mark in _marked(draft):
            other = draft.settings.get(mark.setting, mark.value)
            if mark.value is None and other is None:
                said = f"{name}: has no effect without '{mark.setting}'"
                cure = "give both, or leave it out"
            elif mark.value is not None and not _is(other, mark.value):
                said = f"{name}: has no effect with '{mark.setting}: {_shown(other)}'"
                cure = f"write '{mark.setting}: {mark.value}', or leave it out"
            else:
                continue
            drafts.report.add(where, IDLE, draft.id, said, cure)
        for name, mark in _lacking(draft):
            said = f"{mark.setting}: '{mark.value}' goes by '{name}', and there is none"
            cure = f"write '{name}: ...', or leave it out"
            where = draft.places.get(mark.setting, draft.mark)
            drafts.report.add(where, IDLE, draft.id, said, cure)


def _marked(draft: Draft) -> Iterator[tuple[str, Mark, OnlyWith]]:
    """Yield what is written and marked, settings and streams."""
    for setting in draft.spec.settings.values() if draft.spec else ():
        mark, item = setting.mark(OnlyWith), draft.written.get(setting.name)
        made = draft.settings.get(setting.name) or setting.default
        if mark and item is not None and made != setting.default:
            yield setting.name, item.mark, mark
    for given in draft.further:
        mark = next((one for one in given.marks if isinstance(one, OnlyWith)), None)
        if mark and given.name in draft.inputs:
            yield given.name, draft.places.get(given.name, draft.mark), mark


def _lacking(draft: Draft) -> Iterator[tuple[str, OnlyWith]]:
    """Yield what is not given although the value of another setting goes by it."""
    for setting in draft.spec.settings.values() if draft.spec else ():
        mark = setting.mark(OnlyWith)
        if mark and mark.needed and mark.setting in draft.written:
            chosen = draft.settings.get(mark.setting) == mark.value
            if chosen and not draft.settings.get(setting.name):
                yield setting.name, mark


def _is(given: Any, wanted: Any) -> bool:
    """Tell whether a setting is the value, or a list that holds it."""
    return wanted in given if isinstance(given, list | tuple) else bool(given == wanted)


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
