"""The free names of expressions: fields of what comes in, further inputs, and the vars."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flowctl.expression import VALUE, Expression
from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft
from flowctl.language.graph import taps
from flowctl.language.infer import Carrying
from flowctl.language.marked import Marked
from flowctl.language.measures import Measuring
from flowctl.language.report import Report
from flowctl.language.wires import field_names
from flowctl.signature.node import Shape

Bind = Callable[[Expression, Mark], Expression]


def bind_names(draft: Draft, carrying: Carrying, report: Report) -> None:
    """Look up the names of every expression of a step, and put the vars in."""
    fields = _fields(draft, carrying)
    own = {*_inputs(draft), *(fields or ())}
    values = draft.scope.variables.values()

    def bind(expression: Expression, mark: Mark) -> Expression:
        known = sorted({*own, *draft.scope.variables.names(), VALUE})
        for name in expression.free if fields is not None else ():
            if name not in known:
                cure = nearest(name, known) or f"known are {', '.join(known[:12])}"
                report.add(mark, "E133", draft.id, f"'{name}' is nothing known here", cure)
        for name in set(expression.free) & set(fields or ()) & set(values):
            said = f"'{name}' is a var, and a field of what comes in, too"
            report.add(mark, "E133", draft.id, said, "give the var another name")
        measuring = Measuring(carrying.looking(draft))
        measuring.measure(expression)
        for said, cure in measuring.odd:
            report.add(mark, "E305", draft.id, said, cure)
        return expression.bound({key: values[key] for key in values if key not in own})

    for name, value in draft.settings.items():
        item = draft.written.get(name)
        if item is not None:
            draft.settings[name] = _each(value, item, bind)


def _fields(draft: Draft, carrying: Carrying) -> tuple[str, ...] | None:
    """Fields of what triggers the step; `None` when any name may be one."""
    if draft.first is None:
        return None
    heard = taps(draft.inputs.get(draft.first.name, ()))
    return field_names(carrying.tap(heard[0])[0].type) if heard else None


def _inputs(draft: Draft) -> Iterator[str]:
    for item in draft.further:
        source = draft.inputs.get(item.name)
        if item.shape is Shape.MAPPING and isinstance(source, Mapping):
            yield from source
        elif source is not None:
            yield item.name


def _each(value: Any, item: Marked, bind: Bind) -> Any:
    """Bind every expression inside a setting, however deep."""
    if isinstance(value, Expression):
        return bind(value, item.mark)
    if isinstance(value, Mapping):
        return {key: _each(part, _inner(item, key), bind) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_each(part, _inner(item, n), bind) for n, part in enumerate(value))
    return value


def _inner(item: Marked, key: Any) -> Marked:
    try:
        return item.value[key]  # type: ignore[no-any-return]
    except (KeyError, IndexError, TypeError):
        return item
