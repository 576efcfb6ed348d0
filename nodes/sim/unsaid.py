"""What a simulated battery does not tell on a socket, and what is told there all the same."""

from collections.abc import Iterator, Mapping

from nodes.sim.setup import BatterySetup, PlantSetup

MEASURED = frozenset(
    ("power", "soc", "capacity", "charged", "discharged", "cell_power", "pv_power")
)
"""What it has to tell, if it tells anything; all else its node knows of it."""
KNOWN = frozenset(("max_charge", "max_discharge", "write_every"))
"""What a node tells by itself, of the model or of its own settings."""
STAYS: Mapping[str, frozenset[str]] = {
    "marstek_modbus": KNOWN | {"self_regulating"},
    "marstek_udp": KNOWN | {"self_regulating"},
    "b2500_esp": KNOWN,
    "b2500_mqtt": KNOWN | {"power", "soc", "min_power", "self_regulating"},
    "b2500_shelly": KNOWN,
    "b2500_ct": KNOWN | {"power"},
}
"""What a protocol has no way to leave out, or its node tells whatever it hears."""


def unsaid(setup: BatterySetup) -> frozenset[str]:
    """Name what its telemetry leaves out: all that is measured, if there is none."""
    told = setup.telemetry
    charge = {"soc"} if told.no_soc else set()
    return frozenset(told.untold) | charge | (frozenset() if told.every else MEASURED)


def told_anyway(setup: PlantSetup) -> Iterator[str]:
    """Say what cannot be left out on sockets."""
    for name, battery in setup.batteries.items():
        wanted, speaks = unsaid(battery), battery.speaks or ""
        found = wanted & STAYS.get(speaks, frozenset())
        if speaks == "marstek_udp" and "power" not in wanted:
            found |= wanted & {"cell_power"}  # without it, its node takes it from the AC power
        if found:
            names = ", ".join(sorted(found))
            yield f"{name} tells its {names} on sockets all the same: so does {speaks} or its step"
