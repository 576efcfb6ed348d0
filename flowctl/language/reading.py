"""What units and types of an expression are both read from: its tree, and what its names carry."""

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from flowctl import units
from flowctl.expression import Expression
from flowctl.language.wires import ANYTHING, field_wire
from flowctl.signature.node import Wire

_STOOD = re.compile(r"\b_q(\d+)\b")


@dataclass
class Reading:
    """Walks an expression; a method `_binop` says what it makes of an `ast.BinOp`, and so on.

    `odd` gathers what is wrong with it: what, and the cure.
    """

    UNKNOWN: ClassVar[Any] = None

    look: Callable[[str], Wire | None]
    """What a name carries; `None`: not known."""
    odd: list[tuple[str, str]] = field(default_factory=list)
    _quantities: list[str] = field(default_factory=list)

    def read(self, expression: Expression) -> Any:
        """Return what is made of an expression."""
        text, self._quantities = units.set_apart(expression.text)
        return self._of(ast.parse(text.strip(), mode="eval").body)

    def _of(self, node: ast.AST) -> Any:
        found = getattr(self, f"_{type(node).__name__.lower()}", None)
        if found is not None:
            return found(node)
        for part in ast.iter_child_nodes(node):
            self._of(part)
        return self.UNKNOWN

    def _quantity(self, node: ast.AST) -> str | None:
        """Return a quantity as it was written; nothing of any other part."""
        stood = _STOOD.fullmatch(node.id) if isinstance(node, ast.Name) else None
        return self._quantities[int(stood[1])] if stood else None

    def _wire(self, node: ast.AST) -> Wire | None:
        """Return what a name, or a field of one, carries."""
        if isinstance(node, ast.Name):
            return self.look(node.id)
        if isinstance(node, ast.Attribute):
            owner, name = self._wire(node.value), node.attr
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            owner, name = self._wire(node.value), str(node.slice.value)
        else:
            return None
        if owner is None:
            return None
        found = field_wire(owner, name)
        if found is None:
            self._lacks(owner, name)
        return found or ANYTHING

    def _lacks(self, owner: Wire, name: str) -> None:
        """Take note of a field that is not there."""

    def _note(self, said: str, cure: str) -> None:
        if (said, cure) not in self.odd:
            self.odd.append((said, cure))

    def _shown(self, node: ast.expr) -> str:
        """A part as it was written."""
        return _STOOD.sub(lambda found: self._quantities[int(found[1])], ast.unparse(node))
