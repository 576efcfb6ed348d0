"""What a device shell counts."""

from dataclasses import dataclass


@dataclass
class Counts:
    """What the shell did: writes wear flash, so they are counted."""

    writes: int = 0
    resent: int = 0
    refused: int = 0
    overridden: int = 0
