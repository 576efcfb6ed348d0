"""The free names of expressions: fields of what comes in, further inputs, and the vars."""

from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Any

from flowctl.expression import VALUE, Condition, Expression
from flowctl.faults import Mark, nearest
from flowctl.language.drafts import Draft
from flowctl.language.graph import taps
from flowctl.language.infer import Carrying
from flowctl.language.kinds import Kinding, a
from flowctl.language.marked import Marked
from flowctl.language.measures import Measuring
from flowctl.language.report import Report
from flowctl.language.wires import field_names
from flowctl.signature.node import Shape, Wire

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
        for code, said, cure in _odd(expression, carrying.looking(draft)):
            report.add(mark, code, draft.id, said, cure)
        return expression.bound({key: values[key] for key in values if key not in own})

    for name, value in draft.settings.items():
        item = draft.written.get(name)
        if item is not None:
            draft.settings[name] = _each(value, item, bind)


def _odd(
    expression: Expression, look: Callable[[str], Wire | None]
) -> Iterator[tuple[str, str, str]]:
    """Yield what does not go together in an expression: code, fault and cure."""
    measuring, kinding = Measuring(look), Kinding(look)
    measuring.measure(expression)
    kind = kinding.kind(expression)
    yield from (("E305", *odd) for odd in measuring.odd)
    yield from (("E306", *odd) for odd in kinding.odd)
    if isinstance(expression, Condition) and kind not in (bool, NoneType, Any):
        says = "> 0" if kind is float else "== 'on'" if kind is str else "is not None"
        cure = f"compare it, e.g. {expression} {says}"
        if not expression.free and VALUE not in expression.text:
            cure = f"compare with it, e.g. value {says.partition(' ')[0]} {expression}"
        yield "E306", f"'{expression}' is {a(kind)}, not a condition", cure


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
