"""Drive the steps of flows/home.yaml through `Bench` by JSON lines, for the control bench.

    python run.py --external 'python benchmarks/control/external.py'     (in the bench's folder)

The meter and plan pipes are those of flows/home.yaml to the letter; only the list of batteries and
one device stream per battery are written, from the bench's hello. What leaves within the instant
of an event is its answer; there battery watts are + charging and the charge is a share of 1.
"""

import json
import logging
import re
import sys
from pathlib import Path
from typing import Any

from flowctl import Battery
from flowctl.testing import Bench

ROOT = Path(__file__).resolve().parents[2]
HOME = (ROOT / "flows" / "home.yaml").read_text(encoding="utf-8")


def flow_for(batteries: list[dict[str, Any]]) -> str:
    """Take `vars`, `meter` and `plan` of home.yaml, and make a device stream per battery."""
    head, streams = HOME.split("streams:\n")
    pipes = re.split(r"(?m)^(?=  \w+:)", streams)
    kept = [pipe for pipe in pipes if pipe.startswith(("  meter:", "  plan:"))]
    names = ", ".join(f"b{told['id']}" for told in batteries)
    plan = re.sub(r"batteries: \[[^\]]*\]", f"batteries: [{names}]", "".join(kept))
    return f"{head}streams:\n{plan}" + "".join(map(device, batteries))


def device(told: dict[str, Any]) -> str:
    """Write the stream of one battery: any device node serves, its end is detached."""
    terms = f"write_every: {told['write_interval']}s"
    terms += f", max_charge: {told['max_charge']}W, max_discharge: {told['max_discharge']}W"
    terms += ", own_meter: leave" if told["auto"] else ""
    name = f"b{told['id']}"
    return (
        f"\n  {name}:\n    - from: plan.{name}\n    - marstek_modbus: {{host: {name}, {terms}}}\n"
    )


class Driver:
    """One house of the bench."""

    def __init__(self, hello: dict[str, Any]) -> None:
        self.names = [f"b{told['id']}" for told in hello["batteries"]]
        self.bench = Bench(flow_for(hello["batteries"]), record=False)
        self.read = dict.fromkeys(self.names, 0)
        for told in hello["batteries"]:
            self.bench.say(f"b{told['id']}", nameplate(told))

    def event(self, told: dict[str, Any]) -> list[dict[str, Any]]:
        self.bench.advance(max(0.0, told["t"] - self.bench.time))
        if told["topic"] == "grid":
            self.bench.say("meter", float(told["watts"]))
        elif told["topic"] == "battery":
            record = Battery(power=-float(told["watts"]), soc=100.0 * told["soc"])
            self.bench.say(f"b{told['id']}", record)
        return [write for name in self.names for write in self.writes(name)]

    def writes(self, name: str) -> list[dict[str, Any]]:
        heard = self.bench.heard(name)
        new, self.read[name] = heard[self.read[name] :], len(heard)
        return [{"id": int(name[1:]), "watts": -(watts or 0.0)} for _, watts in new[-1:]]


def nameplate(told: dict[str, Any]) -> Battery:
    """What the battery's own first record would tell."""
    return Battery(
        capacity=told["capacity_wh"],
        soc=100.0 * told["soc"],
        max_charge=told["max_charge"],
        max_discharge=told["max_discharge"],
        min_power=told["min_power"],
        write_every=told["write_interval"],
        self_regulating=told["auto"],
    )


def main() -> None:
    logging.disable(logging.CRITICAL)
    driver: Driver | None = None
    for line in sys.stdin:
        told = json.loads(line)
        if told["topic"] == "hello":
            driver = Driver(told)
        answer = driver.event(told) if driver else []
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
