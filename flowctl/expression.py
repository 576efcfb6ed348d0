"""One safe, small expression language: `abs(value) < 20kW and soc > reserve`.

The text is parsed once, held against a list of allowed forms, and compiled; see
docs/decisions/0001 for why this is not a library's interpreter. `value` is what flows, fields of a
record are seen by their names, and so are further inputs and the `vars` of the flow. Quantities
may carry units. An unknown (`None`) operand makes the whole expression `None`.
"""

import ast
import math
import warnings
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, ClassVar, Self

from flowctl.units import UnitError, expand, misspelt, parse_any

VALUE = "value"
"""The name of what flows."""
TRUTHS = {"true": True, "false": False}  # as YAML writes them
LONGEST = 1000  # characters; a longer logic wants a node
DEEPEST = 100  # forms inside forms
ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd,
    ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod,
    ast.Compare, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.In, ast.NotIn,
    ast.Is, ast.IsNot, ast.IfExp, ast.Call, ast.Name, ast.Load, ast.Constant, ast.Attribute,
    ast.Subscript, ast.Tuple, ast.List,
)  # fmt: skip


class ExpressionError(ValueError):
    """The text is not an expression of ours; the message says why."""


class Expression:
    """A compiled expression; call it with the value and, by name, with further inputs."""

    FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
        "abs": abs,
        "min": min,
        "max": max,
        "bool": bool,
        "float": float,
        "int": lambda number: float(int(number)),
        "len": lambda text: float(len(text)),
        "text": str,
        "round": lambda number, digits=0.0: round(number, int(digits)),
        "sqrt": math.sqrt,
        "floor": math.floor,
        "ceil": math.ceil,
        "sign": lambda number: (number > 0) - (number < 0),
        "clamp": lambda number, low, high: min(max(number, low), high),
    }

    def __init__(self, text: str, constants: Mapping[str, Any] | None = None) -> None:
        self.text = text
        self._constants = dict(constants or {})
        tree = _Tame(self._constants).visit(_parse(text))
        seen = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self.free = tuple(sorted(seen - {VALUE, "_field"} - set(self.FUNCTIONS)))
        """Names that are neither `value`, a function nor a var: fields or further inputs."""
        names = [ast.arg(name) for name in (VALUE, *self.free)]
        arguments = ast.arguments([], names, None, [], [], None, [])
        made = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, tree.body)))
        scope = {"__builtins__": {}, "_field": field_of, **self.FUNCTIONS}
        self._run: Callable[..., Any] = eval(_compile(made, text), scope)
        self.known = False
        """Whether there was ever a result, where names are needed for one."""
        self.missing = ""
        """A name without which there was none."""

    def bound(self, constants: Mapping[str, Any]) -> Self:
        """Return this expression with the vars of a flow put in."""
        used = {name: _constant(constants[name]) for name in self.free if name in constants}
        return type(self)(self.text, used) if used else self

    @property
    def numbers(self) -> dict[str, float]:
        """The vars that were put in, as far as they are numbers."""
        return {k: v for k, v in self._constants.items() if isinstance(v, int | float)}

    @property
    def lean(self) -> Callable[[Any], Any]:
        """The cheapest callable of one value: for the hot path of an operator."""
        return self if self.free else self._run

    def __call__(self, value: Any, **inputs: Any) -> Any:
        """Work it out; `None` when a name it needs is not known."""
        if value is None and not self.free:
            return None
        found = [inputs[name] if name in inputs else field_of(value, name) for name in self.free]
        try:
            result = self._run(value, *found)
        except TypeError as error:
            if None in found or "NoneType" in str(error):  # a field of a field may be unknown, too
                absent = (name for name, part in zip(self.free, found, strict=True) if part is None)
                self.missing = next(absent, self.text)
                return None
            raise
        self.known = True
        return result

    def __repr__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Expression):
            return False
        return (self.text, self._constants) == (other.text, other._constants)

    def __hash__(self) -> int:
        return hash(self.text)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Make one from what YAML gives."""
        if isinstance(value, cls):
            return value
        if isinstance(value, bool):
            value = str(value)
        if isinstance(value, int | float):
            value = repr(float(value))
        if not isinstance(value, str):
            raise ExpressionError(f"an expression is a text, not a {type(value).__name__}")
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(cls.read, core_schema.any_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        types = ["string", "boolean", "number"]
        return {"type": types, "description": "an expression, e.g. abs(value) < 20kW"}


class Condition(Expression):
    """One that is true or false: what does not answer yes or no is a fault of the flow."""


def field_of(value: Any, name: str) -> Any:
    """Read a field of a record or a key of a mapping; `None` when it is not there."""
    if isinstance(value, Mapping):
        return value.get(name)
    return getattr(value, name, None)


def _parse(text: str) -> ast.Expression:
    if len(text) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters; write a node instead")
    try:
        with warnings.catch_warnings(action="error"):
            tree = ast.parse(expand(text).strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        cure = misspelt(text)
        if "literal" in said and not cure:
            cure = "a quantity is a number and its unit, e.g. 2kW or 1h30m"
        said = f"'{text}' is not an expression: {said}{cure and f'; {cure}'}"
        raise ExpressionError(said) from None
    if isinstance(tree.body, ast.Tuple):
        cure = misspelt(text) or "brackets make a list"
        raise ExpressionError(f"'{text}' is several values, not one; {cure}")
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            raise ExpressionError(f"'{text}': {type(node).__name__} is not allowed in expressions")
    if _is_deep(tree):
        raise ExpressionError(f"nested deeper than {DEEPEST} levels; write a node instead")
    return tree


def _compile(tree: ast.Expression, text: str) -> CodeType:
    try:
        with warnings.catch_warnings(action="error"):  # `value is 5` is doubtful, so it is wrong
            return compile(tree, f"<{text}>", "eval")
    except SyntaxError as error:
        raise ExpressionError(f"'{text}' is not an expression: {error.msg}") from None


def _is_deep(tree: ast.AST) -> bool:
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [below for node in level for below in ast.iter_child_nodes(node)]
    return bool(level)


class _Tame(ast.NodeTransformer):
    """Numbers become floats (no huge integers), fields a safe look-up, vars constants."""

    def __init__(self, constants: Mapping[str, Any]) -> None:
        self.constants = constants

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bytes | complex) or node.value is ...:
            raise ExpressionError(f"{node.value!r} is not allowed in expressions")
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            try:
                return ast.Constant(float(node.value))
            except OverflowError:
                raise ExpressionError("a number is too large") from None
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id.startswith("_"):
            raise ExpressionError(f"names do not begin with '_': {node.id}")
        if node.id in Expression.FUNCTIONS:
            raise ExpressionError(f"'{node.id}' is a function; write {node.id}(value), say")
        if node.id in self.constants:
            return ast.Constant(self.constants[node.id])
        if node.id in TRUTHS:
            return ast.Constant(TRUTHS[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if node.attr.startswith("_"):
            raise ExpressionError(f"fields do not begin with '_': {node.attr}")
        return self._field(self.visit(node.value), ast.Constant(node.attr))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)):
            raise ExpressionError("brackets take the name of a field, e.g. value['power']")
        return self._field(self.visit(node.value), node.slice)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if not isinstance(node.func, ast.Name) or node.func.id not in Expression.FUNCTIONS:
            known = ", ".join(Expression.FUNCTIONS)
            said = f"{ast.unparse(node.func)}() is not a function here; known: {known}"
            raise ExpressionError(said)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise ExpressionError(f"{node.func.id}() takes plain arguments only")
        return ast.Call(node.func, [self.visit(argument) for argument in node.args], [])

    @staticmethod
    def _field(owner: ast.expr, name: ast.expr) -> ast.Call:
        return ast.Call(ast.Name("_field", ast.Load()), [owner, name], [])


def _constant(value: Any) -> Any:
    """A var as an expression sees it: `2kW` is 2000.0."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    if isinstance(value, str):
        try:
            return parse_any(value)[0]
        except UnitError:
            return value
    return float(value)
