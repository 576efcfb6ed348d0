"""Setpoints must last until the next one comes: a lease, and a plan, end by themselves."""

import math
from collections.abc import Iterator

from flowctl import units
from flowctl.language.drafts import Draft, Drafts
from flowctl.language.rules import hands_on, trigger
from flowctl.values import Outlook, Plan

EVERY = "every"
PERIODS, GRACE = 3.0, 5.0  # periods of the meter and s that a plan holds (`response_predictor`)
LATE = 1.0  # s that a plan is old when it comes, beside a period


def leases(drafts: Drafts) -> None:
    """A setpoint must outlive two readings of the meter that it follows."""
    for draft in drafts.steps.values():
        lease = draft.settings.get("lease")
        beats = [_beat(step) for step in _sources(draft, drafts)] if draft.device else []
        if not isinstance(lease, float | int) or not beats or None in beats:
            continue
        every, meter = min((beat for beat in beats if beat), key=lambda beat: beat[0])
        if lease < 2 * every:
            said = f"a lease of {units.show(lease, 's')} is under two readings of {meter.id}"
            said += f" (every {units.show(every, 's')})"
            cure = f"write 'lease: {units.show(2 * every, 's')}' or more"
            drafts.report.add(draft.places.get("lease", draft.mark), "E312", draft.id, said, cure)


def passing(drafts: Drafts) -> None:
    """A setpoint must last until a step on its way, which passes few, passes the next one."""
    for draft in drafts.steps.values():
        lease = draft.settings.get("lease") if draft.device else None
        if isinstance(lease, float | int):
            for step in _slow(draft, drafts):
                _pass(step, draft, float(lease), drafts)


def _pass(step: Draft, device: Draft, lease: float, drafts: Drafts) -> None:
    every, plan = float(step.settings[EVERY]), _plan_lasts(step, drafts)
    if every < min(lease, plan):
        return
    shown = units.show(every, "s")
    ends, cure = (
        f"a lease of {units.show(lease, 's')} ends",
        f"'lease: {units.show(2 * every, 's')}' there",
    )
    if plan <= every:
        ends, cure = "a plan ends", f"'{EVERY}: {units.show(plan / 2, 's')}' or less"
    said = (
        f"passes a setpoint each {shown}, and {ends} before: {device.id} is given back in between"
    )
    cure = f"write {cure}, or 'write_every: {shown}' in the device step in place of this one"
    drafts.report.add(step.places.get(EVERY, step.mark), "E312", step.id, said, cure)


def _slow(device: Draft, drafts: Drafts) -> Iterator[Draft]:
    """The steps above a device that hand on one value in a time, up to the step that makes a plan.

    Where something else comes in beside them, a device hears more.
    """
    for step in _above(device, drafts):
        makers = [drafts.steps.get(name) for name in trigger(step)]
        if _carries(step, Plan) and not any(_carries(maker, Plan) for maker in makers):
            return
        if step.spec and hands_on(step.spec) and _beat(step):
            yield step


def _plan_lasts(step: Draft, drafts: Drafts) -> float:
    """Say how seldom a plan may pass a step: made of an outlook it holds for some periods.

    One that is made of a number holds as long as that, which is for ever.
    """
    beats = [_beat(source) for source in _sources(step, drafts)]
    known = [beat[0] for beat in beats if beat]
    if not known or not any(_carries(above, Outlook) for above in _above(step, drafts)):
        return math.inf
    return (PERIODS - 1) * min(known) + GRACE - LATE


def _above(draft: Draft, drafts: Drafts) -> Iterator[Draft]:
    """The steps above another one, as far as all comes this way; a circle is told of elsewhere."""
    seen, names = {draft.id}, trigger(draft)
    while len(names) == 1 and (step := drafts.steps.get(names[0])):
        if step.device or step.id in seen:
            return
        yield step
        seen.add(step.id)
        names = trigger(step)


def _carries(step: Draft | None, kind: type) -> bool:
    return step is not None and step.wire is not None and step.wire.type is kind


def _sources(draft: Draft, drafts: Drafts) -> Iterator[Draft]:
    """The sources whose values trigger, in the end, what a device gets."""
    seen: set[str] = set()
    names = trigger(draft)
    while names:
        name = names.pop()
        step = drafts.steps.get(name)
        if step is None or name in seen or step.device:
            continue
        seen.add(name)
        inputs = trigger(step)
        names += inputs
        if not inputs:
            yield step


def _beat(draft: Draft) -> tuple[float, Draft] | None:
    setting = draft.spec.settings.get("every") if draft.spec else None
    every = draft.settings.get("every")
    if setting and setting.unit == "s" and isinstance(every, float | int):
        return float(every), draft
    return None
