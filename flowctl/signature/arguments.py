"""What is typed after a command, from its signature, as the settings of a node come from its own.

Parameters are words; those after `*` are options. `Annotated[type, "one sentence"]` explains each,
and a mark like `"-v"` is its short form. A trailing underscore is not typed: `for_` is `--for`.
"""

import inspect
import re
from argparse import (
    ArgumentParser,
    ArgumentTypeError,
    BooleanOptionalAction,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn, get_args, get_origin, get_type_hints

from flowctl.faults import FlowError, nearest
from flowctl.signature.hints import not_none, strip
from flowctl.units import UnitError
from flowctl.units import parse as parse_quantity

METAVARS = {Path: "PATH", int: "NUMBER", str: "TEXT"}


class Form(NamedTuple):
    """What one argument may be."""

    kind: Any
    many: bool
    about: str
    short: tuple[str, ...]

    def given(self) -> dict[str, Any]:
        """Say it in the words of argparse."""
        about = self.about.replace("%", "%%")
        if get_origin(self.kind) is Literal:
            return {"choices": get_args(self.kind), "help": about}
        return {"type": _whole if self.kind is int else self.kind, "help": about}


def parse(function: Callable[..., Any], prog: str, words: Sequence[str]) -> dict[str, Any]:
    """Read the words behind a command as arguments of its function; options may stand anywhere.

    Raises:
        FlowError: they are wrong.
        SystemExit: they ask for help, which has been given.
    """
    parser = _Parser(
        prog=prog,
        description=inspect.getdoc(function),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    fill(parser, function)
    return vars(parser.parse_intermixed_args(_joined(words)))


class _Parser(ArgumentParser):
    """One that says what is wrong, and not all that would be right."""

    def error(self, message: str) -> NoReturn:
        """Tell a wrong word as any fault is told."""
        said, wrong = message.removeprefix("argument "), re.search("arguments: (--[^ =]+)", message)
        known = [option for action in self._actions for option in action.option_strings]
        cure = nearest(wrong[1], known) if wrong else ""
        cure = cure or f"'{self.prog} -h' shows how it is typed"
        raise FlowError(f"{self.prog}: {said}; {cure}")


def _joined(words: Sequence[str]) -> Iterator[str]:
    """Yield words; `--for -1s` is an option with its value, though that begins like an option."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        option = word.startswith("--") and "=" not in word
        if option and waiting and re.match(r"-\.?\d", waiting[0]):
            word = f"{word}={waiting.pop(0)}"
        yield word


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}' is not a whole number") from None


def fill(parser: ArgumentParser, function: Callable[..., Any]) -> None:
    """Let a parser know the arguments of a function."""
    hints = get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        add = _option if parameter.kind is parameter.KEYWORD_ONLY else _word
        add(parser, parameter, _form(hints[parameter.name]))


def pairs(items: Sequence[str] | None, option: str = "--set") -> dict[str, str]:
    """Read the words of an option that is `name=value`, perhaps several times.

    Raises:
        FlowError: one of them has no '='.
    """
    for item in items or ():
        if "=" not in item:
            raise FlowError(f"{option} {item}: write it as name=value")
    return dict(item.split("=", 1) for item in items or ())


def quantity(text: str, unit: str, option: str) -> float:
    """Read the word of an option that is a quantity, and not negative.

    Raises:
        FlowError: it is none, or of another unit.
    """
    try:
        made = parse_quantity(text, unit)
    except UnitError as error:
        raise FlowError(f"{option} {text}: {error}") from None
    if made < 0:
        raise FlowError(f"{option} {text}: is negative")
    return made


def _form(hint: Any) -> Form:
    bare, marks = strip(hint)
    kind, short = not_none(bare), tuple(mark for mark in marks if mark.startswith("-"))
    about = next(mark for mark in marks if mark not in short)
    if get_origin(kind) is list:
        return Form(get_args(kind)[0], True, about, short)
    return Form(kind, False, about, short)


def _word(parser: ArgumentParser, parameter: inspect.Parameter, form: Form) -> None:
    if parameter.default is parameter.empty:
        parser.add_argument(parameter.name, nargs="+" if form.many else None, **form.given())
    else:
        nargs, default = "*" if form.many else "?", parameter.default
        parser.add_argument(parameter.name, nargs=nargs, default=default, **form.given())


def _option(parser: ArgumentParser, parameter: inspect.Parameter, form: Form) -> None:
    names = [*form.short, "--" + parameter.name.rstrip("_").replace("_", "-")]
    given: dict[str, Any] = {"dest": parameter.name, "default": parameter.default}
    if form.kind is bool:
        given["action"] = BooleanOptionalAction if parameter.default else "store_true"
        parser.add_argument(*names, help=form.about, **given)
    else:
        given["action"] = "append" if form.many else "store"
        parser.add_argument(*names, metavar=METAVARS.get(form.kind), **given, **form.given())
