"""Where faults are gathered while a file is read, so that all are told at once."""

import re
from dataclasses import dataclass, field
from typing import Any

from flowctl.faults import Fault, FlowError, Mark

_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what YAML counts as the end of a line
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that no YAML text may hold, and are not printed either."""
MOST = 1000  # faults; nobody reads further


@dataclass
class Report:
    """Faults and warnings so far, and the lines of every text that was read."""

    faults: list[Fault] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    _known: set[tuple[Mark, str, str]] = field(default_factory=set)

    def know(self, file: str, text: str) -> None:
        """Remember a text, so that faults can show its lines."""
        self.texts[file] = _BREAKS.split(text)

    def add(self, mark: Mark, code: str, where: str, message: str, cure: str = "") -> None:
        """Note a fault; the same one at the same place counts once."""
        alike = (mark, code, message)
        if alike not in self._known and len(self.faults) < MOST:
            self._known.add(alike)
            self.faults.append(Fault(mark, code, where, message, cure, self.line(mark)))

    def line(self, mark: Mark) -> str:
        """Return the line a mark points at."""
        lines = self.texts.get(mark.file, [])
        line = lines[mark.line - 1] if 0 < mark.line <= len(lines) else ""
        return CONTROL.sub("\ufffd", line)

    @property
    def faulty(self) -> bool:
        """Whether anything here keeps a flow from running."""
        return any(not fault.warning for fault in self.faults)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What is odd and runs all the same, in the order of the file."""
        odd = [fault for fault in self.faults if fault.warning]
        return tuple(sorted(odd, key=lambda fault: (fault.mark.line, fault.mark.column)))

    def settle(self, sound: Any = None) -> None:
        """Raise all there is to say, if any of it is a fault, with what is right all the same."""
        if self.faulty:
            raise FlowError(self.faults, sound)
