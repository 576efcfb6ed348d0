"""What a step tells beside its values: lines of the log, troubles, and how much made no sense."""

import logging
from collections.abc import Callable


class Log(logging.Logger):
    """The log of one step; its lines are those of its stream."""

    def __init__(self, stream: str, report: Callable[[Exception], None] = lambda _: None) -> None:
        super().__init__(stream)
        self.parent = self._stream = logging.getLogger(stream)
        self._report = report
        self.troubles = 0
        """How many the step has had, as they are on the stream `errors`."""
        self.odd = 0
        """How often something made no sense to the step: `flowctl top` shows it."""

    def trouble(self, error: Exception) -> None:
        """Say on the stream `errors` what went wrong, where the step itself goes on."""
        self._report(error)

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - a word of Python's
        """Tell whether lines of that level are wanted of the stream."""
        return self._stream.isEnabledFor(level)
