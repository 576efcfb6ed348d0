"""In which unit each part of an expression is, and what in it does not go together.

A bare number takes the unit of what it meets. A number times a quantity keeps its unit, a quantity
over one of the same unit is a number; of all other products nothing is said, nor of what is not
known: who wants to say something odd may say it by a factor such as `1W`.
"""

import ast
import re
from typing import Any

from flowctl import units
from flowctl.expression import Expression
from flowctl.language.reading import Reading
from flowctl.language.wires import ANYTHING
from flowctl.signature.node import Wire

Measure = str | None
"""A unit, a pure or a bare number, or `None`: not known."""
BARE, PURE = "", "1"
KEEPING = ("abs", "round", "float", "int", "floor", "ceil")
JOINING = ("min", "max", "clamp")
PURE_CALLS = ("sign", "len", "bool")


class Measuring(Reading):
    """Works out the unit of one expression."""

    def measure(self, expression: Expression) -> Measure:
        """Return the unit of what an expression says."""
        made: Measure = self.read(expression)
        return made

    def _constant(self, node: ast.Constant) -> Measure:
        return BARE if isinstance(node.value, int | float) else None

    def _name(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Measure:
        quantity = self._quantity(node)
        if quantity is not None:
            return units.parse_any(quantity)[1]
        wire = self._wire(node)
        return _carried(wire) if wire else None

    _attribute = _subscript = _name

    def _unaryop(self, node: ast.UnaryOp) -> Measure:
        inner = self._of(node.operand)
        return PURE if isinstance(node.op, ast.Not) else inner

    def _binop(self, node: ast.BinOp) -> Measure:
        if isinstance(node.op, ast.Add | ast.Sub):
            return self._join([node.left, node.right])
        left, right = self._of(node.left), self._of(node.right)
        if isinstance(node.op, ast.Mult):
            return _product(left, right)
        if isinstance(node.op, ast.Div | ast.FloorDiv):
            return _quotient(left, right)
        return left if left == right or right == BARE else None

    def _compare(self, node: ast.Compare) -> Measure:
        before = node.left
        for operator, part in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.In | ast.NotIn) and isinstance(part, ast.List | ast.Tuple):
                for choice in part.elts:
                    self._join([before, choice])
            elif isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn):
                self._of(part)
            else:
                self._join([before, part])
            before = part
        return PURE

    def _ifexp(self, node: ast.IfExp) -> Measure:
        self._of(node.test)
        return self._join([node.body, node.orelse])

    def _call(self, node: ast.Call) -> Measure:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in JOINING:
            return self._join(node.args)
        found = [self._of(part) for part in node.args]
        if name in KEEPING:
            return found[0] if found else None
        return PURE if name in PURE_CALLS else None

    def _join(self, parts: list[ast.expr]) -> Measure:
        """Return the one unit of parts that meet, and note where they have two."""
        found = [(self._of(part), part) for part in parts]
        known = [(unit, part) for unit, part in found if unit not in (None, BARE, PURE)]
        for unit, part in known[1:]:
            first, other = known[0]
            if unit != first:
                self._differ(str(first), other, str(unit), part)
                return None
        if any(unit is None for unit, _ in found):
            return None
        numbers = {unit for unit, _ in found}
        return known[0][0] if known else (PURE if PURE in numbers else BARE)

    def _differ(self, first: str, one: ast.expr, second: str, other: ast.expr) -> None:
        said = f"'{self._shown(one)}' is in {first}, but '{self._shown(other)}' is in {second}"
        cure = "what is added, compared or chosen from must be in the same unit"
        for unit, part, wanted in ((second, other, first), (first, one, second)):
            number = re.match(units.NUMBER, self._quantity(part) or "")
            if number and unit:
                cure = f"did you mean '{units.example(number[0], wanted)}'?"
                break
        self._note(said, cure)


def unit_or_none(measure: Measure) -> str | None:
    """Return the unit of a measure, where it is one."""
    return None if measure in (BARE, PURE) else measure


def of_var(value: Any) -> Wire:
    """Return what a var carries: `2kW` is a number of W; 5 is bare, and may say yes or no, too."""
    if isinstance(value, bool):
        return Wire(bool)
    if isinstance(value, str):
        try:
            return Wire(float, units.parse_any(value)[1])
        except units.UnitError:
            return Wire(str)
    return Wire(Any, BARE) if isinstance(value, int | float) else ANYTHING


def _carried(wire: Wire) -> Measure:
    return wire.unit if wire.type in (float, int, Any) else None


def _product(left: Measure, right: Measure) -> Measure:
    numbers = (BARE, PURE)
    if left in numbers and right in numbers:
        return PURE if PURE in (left, right) else BARE
    if left in numbers:
        return right
    return left if right in numbers else None


def _quotient(left: Measure, right: Measure) -> Measure:
    if right in (BARE, PURE):
        return left
    return PURE if left == right and left is not None else None
