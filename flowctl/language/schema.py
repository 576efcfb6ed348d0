"""The JSON Schema of flow files, made of all node types there are: editors complete and check.

Its form is what yaml-language-server makes the most of (tests/test_editor.py asks it): it completes
what stands in `properties`, `anyOf` and `const`, and tells faults plainly under `if` and `then`.
"""

from flowctl import units
from flowctl.language.library import Library
from flowctl.language.stepform import Json, by_name, node_form, step_form
from flowctl.signature import quantity

DRAFT = "http://json-schema.org/draft-07/schema#"
VARS: Json = {
    "type": "object",
    "description": "values to use as ${name}, and by name in expressions",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}


def schema(library: Library) -> Json:
    """Describe every flow that the nodes of a library allow."""
    specs = list(library.readable()[0])
    definitions: Json = {}
    for spec in specs:
        definitions[spec.name] = node_form(spec, definitions)
    definitions["step"] = step_form(specs)
    return {
        "$schema": DRAFT,
        "if": {"type": "array"},
        "then": _tests(),
        "else": {"if": {"required": ["node"]}, "then": _subflow(), "else": _flow()},
        "definitions": definitions,
    }


def _flow() -> Json:
    return by_name(
        {
            "flow": {"type": "string", "description": "the name of the flow"},
            "about": {"type": "string", "description": "what it is for"},
            "vars": VARS,
            "streams": _streams(),
            "tests": _tests(),
        },
        needed=["streams"],
    )


def _subflow() -> Json:
    """A node in YAML: a file in `nodes/` beside the flow."""
    any_of_them = {"type": "object"}
    return by_name(
        {
            "node": {"type": "string", "description": "the name of the node"},
            "about": {"type": "string", "description": "what it is for"},
            "inputs": any_of_them | {"description": "streams by name, each with its unit or type"},
            "settings": any_of_them | {"description": "settings by name, each with its default"},
            "vars": VARS,
            "streams": _streams(),
            "output": {"type": "string", "description": "the stream that is what the node says"},
        },
        needed=["streams"],
    )


def _tests() -> Json:
    """What stands under `tests:`, and in a file of tests beside a flow."""
    at, within = quantity.form("s"), quantity.form(units.ANY_UNIT)
    moment = {
        "type": "object",
        "required": ["at"],
        "properties": {
            "at": at | {"description": "when, e.g. 1s"},
            "within": within | {"description": "how far off a number may be"},
        },
    }
    moments: Json = {"type": "array", "items": moment}
    test = by_name(
        {
            "about": {"type": "string", "description": "what is promised"},
            "set": {"type": "object", "description": "other values for vars"},
            "start": {"type": "string", "description": "date and time at second 0"},
            "given": moments | {"description": "what sources and devices say"},
            "expect": moments | {"description": "what streams have said by then"},
        }
    )
    return {"type": "array", "items": test, "description": "given and expected timelines"}


def _streams() -> Json:
    return {
        "type": "object",
        "description": "pipes by name; their steps run from top to bottom",
        "additionalProperties": {
            "type": "array",
            "minItems": 1,
            "items": {"$ref": "#/definitions/step"},
        },
    }
