"""Flows for a left and a right battery, fitted to the batteries that a plant has."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from nodes.sim.setup import BatterySetup

TWO = ("left", "right")
BOTH = "[left, right]"
QUICK = 0.5  # s between two readings: what reads more often is not polled, it speaks by itself
POLLED = re.compile(r'homewizard_p1: \{host: "[^"]*", every: 1s\}')
PUSHED = "shelly: {host: meter, push: true}"


def fitted(flow: Path, names: Sequence[str], folder: Path, *, meter: float = 1.0) -> Path | None:
    """Return the flow for these batteries; nothing where it says more of its two than their list.

    For `left` and `right` it is the file itself. For others the lists and the devices are written
    anew, and nothing else: each further battery has the device of `left`. Of a `meter` that reads
    so often that no node polls it, s, each reading is heard.
    """
    are_two, is_quick = tuple(names) == TWO, meter < QUICK
    if are_two and not is_quick:
        return flow
    head, _, streams = flow.read_text(encoding="utf-8").partition("streams:\n")
    parts = re.split(r"(?m)^(?=  \w+:)", streams)
    pipes = {part.split(":", 1)[0].strip(): part for part in parts}
    devices = {name: pipes.pop(name) for name in TWO}
    pipes.pop("house", None)  # its plant is named by a path
    rest = "".join(pipes.values())
    if not are_two and re.search(r"\b(left|right)\b", re.sub(r"#.*", "", rest).replace(BOTH, "")):
        return None
    rest = rest.replace(BOTH, f"[{', '.join(names)}]")
    if is_quick:
        rest = POLLED.sub(PUSHED, rest)
    further = devices["left"]
    made = (devices.get(name, re.sub(r"\bleft\b", name, further)) for name in names)
    text = f"{head}streams:\n{rest}\n{''.join(made)}"
    file = folder / flow.name
    file.write_text(text, encoding="utf-8")
    return file


def said(batteries: Mapping[str, BatterySetup], *, paced: bool) -> dict[str, str]:
    """Say in each device step what its owner would: how often it tells, and what it can do.

    `paced`: also how often it takes a setpoint, and that it has no time-out of its own, which some
    flows decide themselves.
    """
    found = {}
    for name, battery in batteries.items():
        found[f"{name}.host"] = name  # nobody is dialled
        found[f"{name}.max_charge"] = f"{battery.max_charge:g}W"
        found[f"{name}.max_discharge"] = f"{battery.max_discharge:g}W"
        if battery.telemetry.every:
            found[f"{name}.poll"] = f"{battery.telemetry.every:g}s"
        if battery.ignores_commands:
            found[f"{name}.own_meter"] = "leave"
        if paced:
            found |= {f"{name}.write_every": f"{battery.write_every:g}s", f"{name}.resend": "60s"}
    return found
