"""The vars of a flow out of the settings of the program that it replaces.

What each key becomes stands in `migrate/<flow>.yaml` beside this: a var, a var with a unit, a word
for each of its values, or why it is gone.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flowctl.faults import Fault, FlowError, Mark
from flowctl.start.oldfiles import Form, Old, Settings, read

TABLES = Path(__file__).parent / "migrate"
NOTHING = ("", "none", "null")  # values that say nothing, in any case
UNKNOWN = "nothing is known of it"


@dataclass
class Imported:
    """What became of an old file."""

    program: str
    values: dict[str, str] = field(default_factory=dict)
    """By var, as it is to stand in the flow."""
    left: list[tuple[str, str]] = field(default_factory=list)
    """Keys that are not carried over, each with the reason."""
    kept: list[str] = field(default_factory=list)
    """Keys that stay in the environment, or in a .env beside the flow."""
    old: dict[str, str] = field(default_factory=dict)
    """By var, as it stood in the flow that was filled."""


def names() -> list[str]:
    """Name the flows that have a table."""
    return sorted(file.stem for file in TABLES.glob("*.yaml"))


def table(flow: str) -> Mapping[str, Any]:
    """Read what the keys of an old program become."""
    import yaml  # a table is data, with no places to point to

    found: Mapping[str, Any] = yaml.safe_load((TABLES / f"{flow}.yaml").read_text("utf-8"))
    return found


def import_file(file: Path, form: Form, flow: str) -> Imported:
    """Carry over what can be carried over.

    Raises:
        FlowError: the file is not of that form, or a value is not a number where one is needed.
    """
    known = table(flow)
    if form not in known["formats"]:
        ways = " or ".join(known["formats"])
        raise FlowError(f"{known['program']} is configured by {ways}, not by {form}")
    settings = _with_roles(read(file, form), known.get("roles"))
    made, faults = Imported(known["program"]), list[Fault]()
    _join(made, settings, known.get("joined", {}))
    for key, old in settings.items():
        try:
            _carry(made, key, old, known, settings)
        except ValueError as error:
            faults.append(Fault(Mark(str(file), old.line, 1), "E102", key, str(error)))
    if faults:
        raise FlowError(faults)
    return made


def block(made: Imported) -> str:
    """Write the vars as they are to stand in a flow."""
    lines = [f"  {name}: {value}" for name, value in made.values.items()]
    return "\n".join([f"# from {made.program}", "vars:", *lines, ""])


def filled(flow: str, made: Imported) -> str:
    """Return the text of a flow with these vars in place of its own.

    Raises:
        FlowError: a var is not there.
    """
    head, colon, body = flow.partition("\nvars:")
    vars_, streams, rest = body.partition("\nstreams:")
    for name, value in made.values.items():
        found = re.search(rf"^  {name}: +({_VALUE})", vars_, re.MULTILINE)
        if not found:
            raise FlowError(f"the flow has no var '{name}'; is it the one for {made.program}?")
        made.old[name] = found[1]
        vars_ = vars_[: found.start(1)] + value + vars_[found.end(1) :]
    return head + colon + vars_ + streams + rest


_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^#\n]*?(?= +#|$)"


_LOGIN = re.compile(r"^(?:\w+://)?[^\s/@:{}]+:[^\s/@]+@")  # user:password@host


def _with_roles(settings: Settings, roles: Mapping[str, str] | None) -> Settings:
    """Name the section of the first load of each type by its role."""
    if not roles:
        return settings
    head, tail, parts = f"{roles['section']}.", f".{roles['key']}", dict[str, str]()
    for key, old in settings.items():
        role = roles.get(old.text) if key.startswith(head) or key.endswith(tail) else None
        if role and role not in parts.values():
            parts[key.removeprefix(head).removesuffix(tail).lower()] = role
    return {
        f"{parts.get(section.lower(), section)}{dot}{name}": old
        for key, old in settings.items()
        for section, dot, name in [key.partition(".")]
    }


def _join(made: Imported, settings: Settings, joined: Mapping[str, Any]) -> None:
    """Make a var of several keys, if one of them is there."""
    for var, how in joined.items():
        given = {key: settings.pop(key).text for key in how["from"] if key in settings}
        if any(map(_LOGIN.search, given.values())):
            made.kept += given
        elif given:
            made.values[var] = _quoted(how["to"].format(**{**how["from"], **given}))


def _carry(
    made: Imported, key: str, old: Old, known: Mapping[str, Any], settings: Settings
) -> None:
    told = _told(key, known)
    counts = all(
        other in settings and settings[other].text.lower() == value
        for other, value in told.get("when", {}).items()
    )
    if "secret" in told or "stays" in told or _LOGIN.search(old.text):
        made.kept.append(key)
    elif not counts or told.get("unless") in settings or "var" not in told:
        made.left.append((key, told["gone"]))
    elif old.text.lower() in NOTHING and "cases" not in told:
        made.left.append((key, "it says nothing"))
    else:
        made.values[told["var"]] = _value(old.text, told)


def _told(key: str, known: Mapping[str, Any]) -> Mapping[str, Any]:
    keys, part = known["keys"], key
    while part not in keys and "." in part:
        head = part.removesuffix(".*").rpartition(".")[0]
        part = f"{head}.*" if head else ""
    found = keys.get(part, {"gone": known.get("others", UNKNOWN)})
    return {"var": found} if isinstance(found, str) else found


def _value(text: str, told: Mapping[str, Any]) -> str:
    """Write a value as the flow wants it.

    Raises:
        ValueError: it is not one of the values that there are, or no number.
    """
    if "cases" in told:
        if text.lower() not in told["cases"]:
            raise ValueError(f"'{text}' is neither {' nor '.join(told['cases'])}")
        word = told["cases"][text.lower()]
        return _quoted(word) if isinstance(word, str) else str(word).lower()
    if "lower" in told:
        return _quoted(text.lower())
    if "plus" in told:
        return str(int(_number(text)) + told["plus"])
    if "unit" in told:
        return f"{_number(text):.10g}{told['unit']}"
    return _quoted(text)


def _number(text: str) -> float:
    try:
        made = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a number") from None
    if made - made:
        raise ValueError(f"'{text}' is not a number")
    return made


def _quoted(text: str) -> str:
    """Write a text as YAML has it in quotes: what cannot be printed by its number."""
    shown = json.dumps(text.replace("${", "$${"), ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in shown)
