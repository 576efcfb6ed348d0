"""Commands as they are typed, without a process of their own."""

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from flowctl.cli import call


class Answer(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


def typed(*words: object) -> Answer:
    said, complained = io.StringIO(), io.StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        code = call([*map(str, words)])
    return Answer(code, said.getvalue(), complained.getvalue())
