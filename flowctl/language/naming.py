"""The free names of expressions: fields of what comes in, further inputs, and the vars."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from flowctl.expression import VALUE, Expression
from flowctl.faults import Mark
from flowctl.language.drafts import Draft
from flowctl.language.graph import Tap, taps
from flowctl.language.infer import Carrying
from flowctl.language.marked import Marked
from flowctl.language.report import Report
from flowctl.language.rosters import Rosters
from flowctl.language.sense import Odd, Sense
from flowctl.language.wires import field_names
from flowctl.marks import Gaps
from flowctl.signature.node import Shape
from flowctl.values import Plan

Bind = Callable[[Expression, Mark], Expression]


def bind_names(draft: Draft, carrying: Carrying, rosters: Rosters, report: Report) -> None:
    """Look up the names of every expression and text of a step, and put the vars in."""
    naming = _Naming(draft, carrying, rosters, report)
    for name, value in draft.settings.items():
        item = draft.written.get(name)
        if item is not None:
            draft.settings[name] = _each(value, item, naming.bind)
            naming.text(name, value, item.mark)


class _Naming:
    """What names mean at one step."""

    def __init__(self, draft: Draft, carrying: Carrying, rosters: Rosters, report: Report) -> None:
        self._draft, self._carrying, self._rosters = draft, carrying, rosters
        self._report = report
        self._tap = _trigger(draft)
        self._fields = field_names(carrying.tap(self._tap)[0].type) if self._tap else None
        self._own = {*_inputs(draft), *(self._fields or ())}
        self._look = carrying.looking(draft)

    def bind(self, expression: Expression, mark: Mark) -> Expression:
        """Return an expression with the vars put in; report what in it makes no sense."""
        variables = self._draft.scope.variables
        values = variables.values()
        sense = Sense(self._look, self._known(*self._own, *variables.names()))
        self._tell(mark, sense.names(expression.free))
        for name in set(expression.free) & set(self._fields or ()) & set(values):
            said = f"'{name}' is a var, and a field of what comes in, too"
            self._tell(mark, [("E133", said, "give the var another name")])
        self._tell(mark, sense.expression(expression))
        return expression.bound({key: values[key] for key in values if key not in self._own})

    def text(self, name: str, value: Any, mark: Mark) -> None:
        """Report what makes no sense in the gaps of a text."""
        gaps = self._draft.spec.settings[name].mark(Gaps) if self._draft.spec else None
        if gaps and isinstance(value, str):
            known = self._known(*(self._fields or ()))
            known = known if gaps.expressions else self._with_shares(known)
            sense = Sense(self._look, known, self._draft.scope.variables.names())
            odd = sense.text(value, expressions=gaps.expressions)
            self._tell(mark, ((code, f"{name}: {said}", cure) for code, said, cure in odd))

    def _known(self, *names: str) -> frozenset[str] | None:
        return None if self._fields is None else frozenset((*names, VALUE))

    def _with_shares(self, known: frozenset[str] | None) -> frozenset[str] | None:
        """A text names shares of a plan, too; where its batteries are not known, any may be one."""
        if known is None or not self._tap or self._carrying.tap(self._tap)[0].type is not Plan:
            return known
        shares = self._rosters.of(self._tap.step)
        return known.union(shares) if shares else None

    def _tell(self, mark: Mark, odd: Iterable[Odd]) -> None:
        for code, said, cure in odd:
            self._report.add(mark, code, self._draft.id, said, cure)


def _trigger(draft: Draft) -> Tap | None:
    heard = taps(draft.inputs.get(draft.first.name, ())) if draft.first else ()
    return heard[0] if heard else None


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
        return item.part(key)
    except (KeyError, IndexError, TypeError):
        return item
