"""Each file is a command: the function of its name, its parameters what is typed after it."""

from collections.abc import Callable
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from typing import Any


def known() -> list[str]:
    """Name all commands."""
    files = Path(__file__).parent.glob("[a-z]*.py")
    return sorted(file.stem.rstrip("_") for file in files)  # a word of Python's has one behind it


def command(name: str) -> Callable[..., Any]:
    """Import one command."""
    word = f"{name}_" if iskeyword(name) else name
    found: Callable[..., Any] = getattr(import_module(f"{__name__}.{word}"), word)
    return found
