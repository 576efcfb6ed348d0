"""`flowctl nodes`: what a step can be."""

import json
import sys
from pathlib import Path
from typing import Annotated

from flowctl.docs import page, pages, show_page
from flowctl.library import Library


def nodes(
    name: Annotated[str | None, "show the page of this node"] = None,
    *,
    flow: Annotated[Path | None, "list the nodes beside this flow, too"] = None,
    markdown: Annotated[bool, "write the pages as Markdown"] = False,
    json_: Annotated[bool, "list for programs"] = False,
) -> None:
    """List the nodes, or show the page of one.

    Example: flowctl nodes clamp
    """
    library = Library.beside(flow.parent if flow else _here())
    names = [name.replace("-", "_")] if name else library.names()
    specs = [library.get(known) for known in names]
    if markdown:
        sys.stdout.write(page(specs[0]) + "\n" if name else pages(specs))
    elif json_:
        told = [{"name": s.name, "kind": s.kind.value, "summary": s.summary} for s in specs]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    elif name:
        show_page(specs[0])
    else:
        wide = max(map(len, names))
        for spec in specs:
            line = f"{spec.name:{wide}}  {spec.kind.value:8}  {spec.summary}"
            sys.stdout.write(line + "\n")


def _here() -> Path | None:
    """The working folder; but a checkout of flowctl holds the installed nodes once more."""
    return None if Path("flowctl", "library.py").exists() else Path()
