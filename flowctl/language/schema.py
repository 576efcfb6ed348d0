"""The JSON Schema of flow files, made of all node types there are: editors complete and check."""

from typing import Any

from pydantic import PydanticUserError
from pydantic.errors import PydanticInvalidForJsonSchema

from flowctl import units
from flowctl.faults import FlowError
from flowctl.language.flow import FROM
from flowctl.language.library import Library
from flowctl.signature.node import Input, NodeSpec, Setting, Shape

Json = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
LABEL: Json = {"type": "string", "description": "a name for this step, for taps and messages"}
STREAM: Json = {
    "type": "string",
    "description": "STREAM, STREAM/STEP, STREAM.FIELD or STREAM/STEP.FIELD",
}
MANY: Json = {"type": "array", "items": STREAM, "minItems": 1, "uniqueItems": True}
NAMED: Json = {"type": "object", "additionalProperties": STREAM}
FILLED: Json = {"type": "string", "pattern": r"\$\{"}


def schema(library: Library) -> Json:
    """Describe every flow that the nodes of a library allow."""
    specs = list(_specs(library))
    definitions: Json = {}
    for spec in specs:
        definitions[spec.name] = _node(spec, definitions)
    definitions["step"] = _step(specs)
    return {
        "$schema": DRAFT,
        "title": "a flowctl flow",
        "type": "object",
        "additionalProperties": False,
        "required": ["streams"],
        "properties": {
            "flow": {"type": "string", "description": "the name of the flow"},
            "about": {"type": "string", "description": "what it is for"},
            "vars": {
                "type": "object",
                "description": "values to use as ${name}, and by name in expressions",
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "streams": {
                "type": "object",
                "description": "pipes by name; their steps run from top to bottom",
                "additionalProperties": _steps(),
            },
            "tests": {"type": "array", "description": "given and expected timelines"},
        },
        "definitions": definitions,
    }


def _specs(library: Library) -> list[NodeSpec]:
    made = []
    for name in library.names():
        try:
            made.append(library.get(name))
        except FlowError:  # `flowctl check` tells what is wrong with it
            continue
    return made


def _steps() -> Json:
    return {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}}


def _step(specs: list[NodeSpec]) -> Json:
    """A name alone, or one node with its settings; both told apart by if and then."""
    properties: Json = {
        FROM: {"anyOf": [STREAM, MANY], "description": "begin with a stream, or merge several"},
        "as": LABEL,
    }
    properties |= {spec.name: _ref(spec) for spec in specs}
    alone = [spec for spec in specs if not _required(spec)]
    return {
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": {"enum": [name for spec in alone for name in _spellings(spec.name)]},
        "else": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 2,
            "additionalProperties": False,
            "properties": properties,
            "patternProperties": _hyphened({spec.name: _ref(spec) for spec in specs}),
        },
    }


def _ref(spec: NodeSpec) -> Json:
    return {"$ref": f"#/definitions/{spec.name}", "description": spec.summary}


def _node(spec: NodeSpec, definitions: Json) -> Json:
    settings = {item.name: _setting(spec, item, definitions) for item in spec.settings.values()}
    inputs = {item.name: _input(item) for item in spec.inputs[1:]}
    required = _required(spec)
    whole: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {**settings, **inputs, "as": LABEL},
        "patternProperties": _hyphened({**settings, **inputs}),
    }
    if required:
        whole["required"] = required
    first = settings.get(spec.first_setting or "", {"type": "null"})
    alone = required in ([], [spec.first_setting])
    short = first if alone else False
    if alone and not required:
        short = {"anyOf": [{"type": "null"}, first]}
    return {
        "description": spec.doc,
        "if": {"type": "object"},
        "then": whole,
        "else": short,
    }


def _required(spec: NodeSpec) -> list[str]:
    settings = [item.name for item in spec.settings.values() if item.required]
    return settings + [item.name for item in spec.inputs[1:] if item.required]


def _input(item: Input) -> Json:
    shapes = {Shape.ONE: [STREAM], Shape.LIST: [MANY, STREAM], Shape.MAPPING: [MANY, NAMED, STREAM]}
    return {"anyOf": shapes[item.shape], "description": item.about}


def _setting(spec: NodeSpec, setting: Setting, definitions: Json) -> Json:
    """The setting's own schema, or a `${...}` in its place."""
    template = f"#/definitions/{spec.name}.{setting.name}.{{model}}"
    try:
        own = setting.adapter.json_schema(ref_template=template)
    except (PydanticUserError, PydanticInvalidForJsonSchema):
        own = {}
    for name, inner in own.pop("$defs", {}).items():
        definitions[f"{spec.name}.{setting.name}.{name}"] = inner
    made: Json = {"anyOf": [own, FILLED]}
    about = setting.about or own.pop("description", "")
    if about:
        made["description"] = about
    default = _default(setting)
    return made | ({} if default is None else {"default": default})


def _default(setting: Setting) -> Any:
    value = setting.default
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        plain = setting.unit is None or setting.unit.startswith(units.ANY_UNIT)
        return value if plain else units.show(value, setting.unit)
    return None


def _spellings(name: str) -> list[str]:
    return [name, name.replace("_", "-")] if "_" in name else [name]


def _hyphened(properties: Json) -> Json:
    """`response-predictor` is accepted for `response_predictor`."""
    return {
        f"^{name.replace('_', '-')}$": value for name, value in properties.items() if "_" in name
    }
