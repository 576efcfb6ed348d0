"""A text that is used and never shown."""

from pathlib import Path
from typing import Any, Self


class Secret:
    """A password or token: comes by environment or `file:` reference; prints as stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text to the library that needs it, at the moment it does."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def read(cls, value: Any) -> Self:
        """Make one from YAML: `file:PATH` is read, anything else is the text itself."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError("a secret is a text: ${NAME} of the environment, or file:PATH")
        if not value.startswith("file:"):
            return cls(value)
        path = Path(value.removeprefix("file:")).expanduser()
        try:
            return cls(path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "not a text"
            raise ValueError(f"cannot read the secret file {path}: {said}") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(cls.read, core_schema.any_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string", "description": "a secret: ${NAME}, or file:PATH"}
