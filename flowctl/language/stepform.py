"""The JSON Schema of one step, a node and its settings, for `schema.py`."""

from collections.abc import Sequence
from typing import Any

from pydantic import PydanticUserError
from pydantic.errors import PydanticInvalidForJsonSchema

from flowctl import units
from flowctl.language.flow import FROM
from flowctl.signature import quantity
from flowctl.signature.node import Input, NodeSpec, Setting, Shape

Json = dict[str, Any]
LABEL: Json = {"type": "string", "description": "a name for this step, for taps and messages"}
STREAM: Json = {"type": "string"}
MANY: Json = {"type": "array", "items": STREAM, "minItems": 1, "uniqueItems": True}
NAMED: Json = {"type": "object", "additionalProperties": STREAM}
FILLED: Json = {"type": "string", "pattern": quantity.FILLED}
NO_STEP = "not a node that needs no settings; `flowctl nodes` lists what a step can be"
NO_NODE = "no node has that name; `flowctl nodes` lists them; write the schema again for a new one"


def step_form(specs: list[NodeSpec]) -> Json:
    """Describe a step: a name alone, or one node with its settings, told apart by if and then."""
    nodes = {spec.name: {"$ref": f"#/definitions/{spec.name}"} for spec in specs}
    begin = {"anyOf": [STREAM, MANY], "description": "begin with a stream, or merge several"}
    return {
        "type": ["string", "object"],
        "if": {"type": "string"},
        "then": _alone([spec for spec in specs if not _required(spec)]),
        "else": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 2,
            "additionalProperties": False,
            "errorMessage": NO_NODE,
            "properties": {FROM: begin, "as": LABEL, **nodes},
            "patternProperties": _hyphened(nodes),
        },
    }


def _alone(specs: list[NodeSpec]) -> Json:
    """The names that need no settings: the pattern decides, `anyOf` is proposed and explained."""
    names = "|".join(spec.name.replace("_", "[_-]") for spec in specs)
    told = [{"const": spec.name, **_about(spec)} for spec in specs]
    return {"pattern": f"^({names})$", "errorMessage": NO_STEP, "anyOf": [*told, {}]}


def node_form(spec: NodeSpec, definitions: Json) -> Json:
    """Describe what follows the name of a node; what its settings refer to is put beside it."""
    settings = {item.name: _setting(spec, item, definitions) for item in spec.settings.values()}
    inputs = {item.name: _input(item) for item in spec.inputs[1:]}
    needed = _required(spec)
    whole = by_name({**settings, **inputs, "as": LABEL}, needed)
    whole["patternProperties"] = _hyphened({**settings, **inputs})
    if set(needed) - {spec.first_setting}:
        told = f"give these by name: {', '.join(needed)}"
        whole |= {"if": {"type": "object"}, "else": {"type": "object", "errorMessage": told}}
        del whole["type"]  # which would be told as well, and in other words
        return _about(spec) | whole
    first = settings.get(spec.first_setting or "", {"type": "null"})
    short = {key: value for key, value in first.items() if key not in ("description", "default")}
    either = _about(spec) | {"if": {"type": "object"}, "then": whole}
    if needed:  # this `anyOf` only lets the server write `name: ` where it would write `name`
        return either | {"else": short, "anyOf": [short, {}]}
    return either | {"else": {"anyOf": [{"type": "null"}, short]}}


def _required(spec: NodeSpec) -> list[str]:
    """Name the settings and inputs that a step must give."""
    settings = [item.name for item in spec.settings.values() if item.required]
    return settings + [item.name for item in spec.inputs[1:] if item.required]


def _input(item: Input) -> Json:
    shapes = {Shape.ONE: [STREAM], Shape.LIST: [MANY, STREAM], Shape.MAPPING: [MANY, NAMED, STREAM]}
    return _in_pairs({"anyOf": shapes[item.shape]}) | {"description": item.about}


def _setting(spec: NodeSpec, setting: Setting, definitions: Json) -> Json:
    """The setting's own schema, or a `${...}` in its place."""
    template = f"#/definitions/{spec.name}.{setting.name}.{{model}}"
    try:
        own = setting.adapter.json_schema(ref_template=template)
    except (PydanticUserError, PydanticInvalidForJsonSchema):
        own = {}
    for name, inner in own.pop("$defs", {}).items():
        definitions[f"{spec.name}.{setting.name}.{name}"] = inner
    about = setting.about or own.pop("description", "")
    made = _in_pairs(own if setting.unit else {"anyOf": [own, FILLED]})  # quantities have both
    if about:
        made["description"] = about
    default = _default(setting)
    return made | ({} if default is None else {"default": default})


def _in_pairs(form: Json) -> Json:
    """Nest what may be one of several by twos: of three, hover would show `####  ||  ||`."""
    made = {key: _in_pairs(part) if isinstance(part, dict) else part for key, part in form.items()}
    if "anyOf" in form:
        first, *more = map(_in_pairs, form["anyOf"])
        made["anyOf"] = [first, *more] if len(more) < 2 else [first, _in_pairs({"anyOf": more})]
    return made


def _default(setting: Setting) -> Any:
    value = setting.default
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        plain = setting.unit is None or setting.unit.startswith(units.ANY_UNIT)
        return value if plain else units.show(value, setting.unit)
    return None


def _about(spec: NodeSpec) -> Json:
    return {"description": spec.summary, "markdownDescription": spec.doc}


def by_name(properties: Json, needed: Sequence[str] = ()) -> Json:
    """Describe a mapping that has these keys and no others."""
    made = {"type": "object", "additionalProperties": False, "properties": properties}
    return made | ({"required": needed} if needed else {})


def _hyphened(properties: Json) -> Json:
    """`response-predictor` is accepted for `response_predictor`."""
    return {
        f"^{name.replace('_', '-')}$": value for name, value in properties.items() if "_" in name
    }
