"""What is wrong with a file: place, fault and cure, all at once."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

WIDEST = 160  # columns of a line shown before its fault


RAISED = (Exception, SystemExit)
"""What a node may raise and a fence stops: `sys.exit()` in it ends the node, not the house."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a text file, from 1."""

    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where it is, and what to do about it."""

    mark: Mark
    code: str
    """`E...` keeps the flow from running; `W...` warns."""
    where: str
    """`stream/step`, or the key."""
    message: str
    cure: str = ""
    source: str = ""
    """The offending line."""

    @property
    def warning(self) -> bool:
        """Whether the flow runs all the same."""
        return self.code.startswith("W")

    def __str__(self) -> str:
        place = f"{self.mark}: " if self.mark.file else ""
        where = f"{self.where}: " if self.where else ""
        cure = f"; {self.cure}" if self.cure else ""
        word = "warning: " if self.warning else ""
        return f"{place}{word}{where}{self.message}{cure}{self._excerpt()}"

    def _excerpt(self) -> str:
        if not self.source.strip():
            return ""
        number = f"{self.mark.line:5d} | "
        begin = max(0, self.mark.column - WIDEST)
        line = self.source.expandtabs(1)[begin : begin + WIDEST + 40]
        return f"\n{number}{line}\n{' ' * (len(number) + max(0, self.mark.column - begin - 1))}^"

    def as_json(self) -> dict[str, Any]:
        """Give the fault to a program."""
        told = asdict(self.mark)
        return told | {
            "code": self.code,
            "where": self.where,
            "message": self.message,
            "cure": self.cure,
        }


class FlowError(Exception):
    """A file of the user's is wrong; holds every fault found. Exit code 2."""

    def __init__(self, faults: Sequence[Fault] | str, sound: Any = None) -> None:
        self.sound = sound
        """The rest of a faulty flow, a `Graph`: its nodes may have something to say, too."""
        made = [Fault(Mark(), "E000", "", faults)] if isinstance(faults, str) else list(faults)
        self.faults = sorted(made, key=lambda fault: (fault.mark.line, fault.mark.column))
        super().__init__("\n".join(map(str, self.faults)))


def faulty(file: object, code: str, message: str, cure: str = "") -> FlowError:
    """Return the error of a file that is wrong as a whole, at no line of it."""
    return FlowError([Fault(Mark(str(file)), code, "", message, cure)])


def told(error: BaseException) -> str:
    """Say what a node raised: its words, or else its kind."""
    if isinstance(error, SystemExit):
        return f"sys.exit({error})"
    return str(error) or type(error).__name__


def plainly(error: OSError) -> str:
    """Say an error of the system without its number: `a.yaml: No such file or directory`."""
    said = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {said}" if error.filename else said


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the nearest known word as a cure, or nothing."""
    from difflib import get_close_matches  # a good flow has no need of it

    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
