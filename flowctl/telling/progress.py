"""How far long work is, where somebody may be looking."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[float], None]
"""Is told the part that is done, 0 to 1."""


@contextmanager
def progress(title: str) -> Iterator[Tell]:
    """Show a bar on the terminal while something goes on, and take it away after."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1)
        yield lambda part: bar.update(task, completed=part)
