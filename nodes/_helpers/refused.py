"""When the other side is there, and says no."""


class RefusedError(OSError):
    """It answered that it will not or cannot; `code` is its own number for that."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
