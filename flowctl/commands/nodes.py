"""`flowctl nodes`: what a step can be."""

import json
import sys
from pathlib import Path
from typing import Annotated

from flowctl.faults import faulty
from flowctl.language.library import Library
from flowctl.language.text import like
from flowctl.telling.docs import page, pages, show_page
from flowctl.telling.records import RECORDS, WORDS, record_page, word_page


def nodes(
    name: Annotated[str | None, "show the page of this node, record or word"] = None,
    *,
    flow: Annotated[Path | None, "list the nodes beside this flow, too"] = None,
    markdown: Annotated[bool, "write the pages as Markdown"] = False,
    json_: Annotated[bool, "list for programs"] = False,
) -> int:
    """List the nodes, or show the page of one; or of a record, such as Battery.

    Example: flowctl nodes clamp
    """
    record = RECORDS.get((name or "").capitalize())
    if record or name in WORDS:
        _show(record_page(record) if record else word_page(str(name)), markdown)
        return 0
    if flow and not flow.exists():
        raise faulty(flow, "E101", "cannot be read: No such file or directory", like(flow))
    library = Library.beside(flow.parent if flow else Path())
    specs, broken = library.readable() if not name else ([library.get(name.replace("-", "_"))], [])
    if markdown and not name:
        sys.stdout.write(pages(specs))
    elif json_:
        told = [{"name": s.name, "kind": s.kind.value, "summary": s.summary} for s in specs]
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    elif name:
        _show(page(specs[0]), markdown)
    else:
        wide = max(len(spec.name) for spec in specs)
        for spec in specs:
            line = f"{spec.name:{wide}}  {spec.kind.value:8}  {spec.summary}"
            sys.stdout.write(line + "\n")
    for fault in broken:
        sys.stderr.write(f"{fault}\n")
    return 2 if broken else 0


def _show(made: str, markdown: bool) -> None:
    if markdown:
        sys.stdout.write(made + "\n")
    else:
        show_page(made)
