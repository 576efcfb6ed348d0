"""`flowctl schema`: the JSON Schema of flow files, for editors."""

import json
import sys
from pathlib import Path
from typing import Annotated

from flowctl.faults import faulty
from flowctl.language.library import Library
from flowctl.language.schema import schema as make_schema
from flowctl.language.text import like


def schema(
    *,
    beside: Annotated[Path, "a folder of flows: nodes in its nodes/ are known, too"] = Path(),
) -> None:
    """Write the JSON Schema of everything installed, so that editors complete and check.

    Then let the first line of a flow be: # yaml-language-server: $schema=flow.schema.json
    Write it again when flowctl or a node beside the flow has changed.

    Example: flowctl schema > flow.schema.json
    """
    if not beside.is_dir():
        raise faulty(beside, "E101", "is not a folder", like(beside))
    made = make_schema(Library.beside(beside))
    sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
