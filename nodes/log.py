"""Write what flows by into the log."""

import logging
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

from flowctl import Check, Expression, Gaps, Log, Observable
from nodes._helpers.operators import Each, Receiver
from nodes._helpers.say import by_name, parts, say

T = TypeVar("T")


def read(text: str) -> Sequence[Callable[[Any], str]]:
    """Turn a text with `{expression:format}` in it into what writes its pieces."""
    pieces: list[Callable[[Any], str]] = []
    for plain, inside, form, _ in parts(text):
        pieces.append(_plain(plain))
        if inside is not None:
            pieces.append(_written(Expression(inside or "value"), form or ""))
    return pieces


def log(
    values: Annotated[Observable[T], "what is logged and passed on"],
    *,
    text: Annotated[
        str,
        Check(read),
        Gaps(expressions=True),
        "what to write, e.g. `grid {value:.0f} W` or `{soc} %`",
    ] = "{value}",
    level: Annotated[Literal["debug", "info", "warning", "error"], "how loud"] = "info",
    logger: Log,
) -> Observable[T]:
    """Write one line per value to the log of this step, and pass the value on.

    Braces hold expressions over `value` and the fields of a record, with Python's format after a
    colon; what is not known is written as `None`. A whole record comes without unknown fields.

    Raises:
        ValueError: the text cannot be read, e.g. a brace is missing.
    """
    pieces, loudness = read(text), logging.getLevelNamesMapping()[level.upper()]

    def hear(pass_on: Receiver[T]) -> Receiver[T]:
        def receive(value: T) -> None:
            if logger.isEnabledFor(loudness):
                logger.log(loudness, "%s", "".join(piece(value) for piece in pieces))
            pass_on(value)

        return receive

    return Each(values, hear)


def _plain(text: str) -> Callable[[Any], str]:
    return lambda _: text


def _written(expression: Expression, form: str) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        try:
            found = expression(value)
            return format(found, form) if form or not by_name(found) else say(found)
        except (ArithmeticError, ValueError, TypeError):
            return str(value)

    return write
