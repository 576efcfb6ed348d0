"""What makes no sense in an expression, or in the gaps of a text: `{soc:.0f} %`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter
from types import NoneType
from typing import Any

from flowctl.expression import VALUE, Condition, Expression, ExpressionError
from flowctl.faults import nearest
from flowctl.language.kinds import Kinding, a, plain
from flowctl.language.measures import Measuring
from flowctl.signature.node import Wire

Odd = tuple[str, str, str]
"""Code, fault and cure."""
SAMPLES: dict[Any, tuple[Any, ...]] = {float: (1.0,), bool: (True,), str: ("a",), Any: (1.0, "a")}
"""Values of a type, to be written in a format; a record takes none."""


@dataclass(frozen=True, slots=True)
class Sense:
    """Knows what the names at a step mean."""

    look: Callable[[str], Wire | None]
    known: frozenset[str] | None
    """Names that mean something; `None`: any may."""
    variables: tuple[str, ...] = ()
    """Names that a text could only have as `${name}`."""

    def names(self, used: tuple[str, ...]) -> Iterator[Odd]:
        """Yield those that mean nothing."""
        known = self.known
        if known is None:
            return
        for name in used:
            if name not in known:
                told = sorted(known)
                cure = nearest(name, told) or f"known: {', '.join(told[:12])}"
                if name in self.variables:
                    cure = f"write ${{{name}}}: vars are put into a text so"
                yield "E133", f"'{name}' is not known here", cure

    def expression(self, expression: Expression) -> Iterator[Odd]:
        """Yield what does not go together in an expression."""
        measuring, kinding = Measuring(self.look), Kinding(self.look)
        measuring.measure(expression)
        kind = kinding.kind(expression)
        yield from (("E305", *odd) for odd in measuring.odd)
        yield from (("E306", *odd) for odd in kinding.odd)
        if isinstance(expression, Condition) and kind not in (bool, NoneType, Any):
            said = f"'{expression}' is {a(kind)}, not a condition"
            yield "E306", said, _compared(expression, kind)

    def text(self, text: str, *, expressions: bool) -> Iterator[Odd]:
        """Yield what is wrong in the gaps of a text, that hold names or whole expressions."""
        for _, inside, layout, conversion in Formatter().parse(text):
            if inside is None:
                continue
            if conversion:
                said = f"'!{conversion}' means nothing here"
                yield "E307", said, f"leave it out: {{{inside}}}"
            gap = _read(inside or VALUE) if expressions else None
            if gap:
                yield from self.names(gap.free)
                yield from self.expression(gap)
            elif inside not in ("", VALUE):
                yield from self.names((inside,))
            kind = Kinding(self.look).kind(gap) if gap else self._kind(inside or VALUE)
            yield from _layout(inside, layout or "", kind)

    def _kind(self, name: str) -> Any:
        wire = self.look(name)
        return plain(wire.type) if wire else Any


def _layout(inside: str, layout: str, kind: Any) -> Iterator[Odd]:
    if layout and not any(_takes(sample, layout) for sample in SAMPLES.get(kind, ())):
        what = "anything" if kind is Any else a(kind)
        cure = f"write {{{inside}:.0f}}" if kind in (float, Any) else f"write {{{inside}}}"
        yield "E307", f"':{layout}' is not a format for {what}", cure


def _takes(sample: Any, layout: str) -> bool:
    try:
        format(sample, layout)
    except ValueError:
        return False
    return True


def _read(text: str) -> Expression | None:
    try:
        return Expression(text)
    except ExpressionError:
        return None  # the node has told it


def _compared(expression: Expression, kind: Any) -> str:
    says = "> 0" if kind is float else "== 'on'" if kind is str else "is not None"
    if expression.free or VALUE in expression.text:
        return f"compare it, e.g. {expression} {says}"
    return f"compare with it, e.g. value {says.partition(' ')[0]} {expression}"
