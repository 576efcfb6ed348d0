"""Of which type each part of an expression is, and what in it cannot be worked out.

A number, a truth value, a text, a list or a record; `Any` is not known, and goes with everything.
A truth value may be counted with: it is 1 or 0.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import is_dataclass
from types import NoneType
from typing import Any, ClassVar, get_origin

from flowctl.expression import Expression
from flowctl.faults import nearest
from flowctl.language.reading import Reading
from flowctl.language.wires import field_names, parts, told
from flowctl.signature.node import Wire

NUMBERS = frozenset((float, bool, NoneType, Any))
"""What may be counted with, or may turn out to."""
GIVES = {"bool": bool, "text": str, "len": float, "float": float, "int": float}
"""Functions that take anything."""
CHOOSING = ("min", "max")
ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class Kinding(Reading):
    """Works out the type of one expression."""

    UNKNOWN: ClassVar[Any] = Any

    def kind(self, expression: Expression) -> Any:
        """Return the type of what an expression says."""
        return self.read(expression)

    def _constant(self, node: ast.Constant) -> Any:
        return plain(type(node.value))

    def _name(self, node: ast.Name | ast.Attribute | ast.Subscript) -> Any:
        if self._quantity(node) is not None:
            return float
        wire = self._wire(node)
        return plain(wire.type) if wire else Any

    _attribute = _subscript = _name

    def _list(self, node: ast.List | ast.Tuple) -> Any:
        for part in node.elts:
            self._of(part)
        return list

    _tuple = _list

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            self._of(node.operand)
            return bool
        return self._counted([(node.operand, self._of(node.operand))])

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self._of(node.left), self._of(node.right)
        if isinstance(node.op, ast.Add) and {left, right} - {Any} in ({str}, {list}, set()):
            return right if left is Any else left
        if isinstance(node.op, ast.Mod) and left in (str, Any):
            return left
        if isinstance(node.op, ast.Mult) and Any in (left, right) and {left, right} <= {bool, Any}:
            return Any  # true times a text is that text
        return self._counted([(node.left, left), (node.right, right)])

    def _compare(self, node: ast.Compare) -> Any:
        found = [(part, self._of(part)) for part in (node.left, *node.comparators)]
        texts = {kind for _, kind in found} <= {str, Any}
        if not texts and all(isinstance(operator, ORDERING) for operator in node.ops):
            self._counted(found)
        return bool

    def _boolop(self, node: ast.BoolOp) -> Any:
        return joined(map(self._of, node.values))

    def _ifexp(self, node: ast.IfExp) -> Any:
        self._of(node.test)
        return joined((self._of(node.body), self._of(node.orelse)))

    def _call(self, node: ast.Call) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        found = [(part, self._of(part)) for part in node.args]
        if name in CHOOSING:
            return joined(kind for _, kind in found) if len(found) > 1 else Any
        return GIVES[name] if name in GIVES else self._counted(found)

    def _counted(self, found: Iterable[tuple[ast.expr, Any]]) -> Any:
        """Say that a number comes of parts, and note what among them is none."""
        for part, kind in found:
            if kind not in NUMBERS:
                said = f"'{self._shown(part)}' is {a(kind)}, and cannot be calculated with"
                text = "float(...) makes a number of it"
                part_of = "name a part of it" + (", e.g. value['left']" if kind is Mapping else "")
                self._note(said, text if kind is str else part_of)
        return float

    def _lacks(self, owner: Wire, name: str) -> None:
        known = field_names(owner.type) or ()
        cure = nearest(name, known) or (f"its fields are {', '.join(known[:12])}" if known else "")
        self._note(f"{a(owner.type)} has no field '{name}'", cure)


def plain(kind: Any) -> Any:
    """Return the one type of a union with nothing; of several, and of what is not told, `Any`."""
    options = parts(kind)
    one = options[0] if len(options) == 1 else Any
    if get_origin(one) is Mapping:
        return Mapping
    known = one in (float, bool, str, list, NoneType) or is_dataclass(one)
    return float if one is int else one if known else Any


def joined(kinds: Iterable[Any]) -> Any:
    """Return the one type of what is chosen from; `Any` where there are several."""
    known = set(kinds) - {NoneType}
    return known.pop() if len(known) == 1 else Any


def a(kind: Any) -> str:
    """Name a type in a sentence."""
    said = told(kind)
    return said if said.startswith(("a ", "true")) else f"a {said}"
