"""What the shell of a device did."""

from dataclasses import dataclass


@dataclass
class Counts:
    """Writes wear flash, so they are counted."""

    writes: int = 0
    resent: int = 0
    refused: int = 0
    overridden: int = 0
