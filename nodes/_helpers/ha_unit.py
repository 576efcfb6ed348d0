"""A battery that Home Assistant knows as a handful of entities: their names, what they tell."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flowctl import Battery, Watts
from nodes._helpers.fields import number, read_number
from nodes._helpers.ha import in_base
from nodes._helpers.ha_states import State, check_entity

NAMES = {  # as the ESPHome and Modbus packages for Marstek batteries call them (systems.md, 3a)
    "soc": "sensor.{}_battery_state_of_charge",
    "remaining": "sensor.{}_battery_remaining_capacity",
    "capacity": "sensor.{}_battery_total_energy",
    "power": "sensor.{}_ac_power",
    "state": "sensor.{}_inverter_state",
    "control": "select.{}_rs485_control_mode",
    "mode": "select.{}_forcible_charge_discharge",
    "charge": "number.{}_forcible_charge_power",
    "discharge": "number.{}_forcible_discharge_power",
}
NEEDED = ("power", "mode", "charge", "discharge")
FAULT, ENABLE = "fault", "enable"
STOP, CHARGE, DISCHARGE = "stop", "charge", "discharge"
LEAST = 10.0  # W; less is a stop
SAME = 0.5  # W; nearer numbers are the same


class Order(NamedTuple):
    """One service call."""

    role: str
    service: str
    key: str
    value: float | str


def names(prefix: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the entity of each role; one that is given goes before the prefix, empty is none.

    Raises:
        ValueError: a role is not known, or one that is needed has no entity.
    """
    strange = given.keys() - NAMES.keys()
    if strange:
        raise ValueError(f"no entity is called {min(strange)} here; there are {', '.join(NAMES)}")
    made = {role: given.get(role, name.format(prefix)) for role, name in NAMES.items()}
    bare = [role for role in NEEDED if not made[role]]
    if bare:
        raise ValueError(f"an entity is needed for {', '.join(bare)}")
    return {role: check_entity(name) for role, name in made.items() if name}


def absence(states: Mapping[str, State]) -> str:
    """Say why the battery cannot be commanded; empty if it can."""
    state, control = states.get("state", states["power"]), states.get("control")
    if not state.known:
        return f"{state.entity} is {state.text}"
    if state.text.lower() == FAULT:
        return f"{state.entity} says {state.text}"
    if control and control.text.lower() != ENABLE:
        return f"{control.entity} is {control.text}"
    return "" if states["mode"].known else f"{states['mode'].entity} is {states['mode'].text}"


def read_unit(states: Mapping[str, State], sign: int) -> Battery:
    """Read the telemetry; `sign` is what a positive power entity is worth in + discharging."""
    soc, capacity = _read(states, "soc"), _read(states, "capacity")
    remaining, power = _read(states, "remaining"), _read(states, "power")
    if soc is None and remaining is not None and capacity:
        soc = 100 * remaining / capacity
    online = not absence(states)
    return Battery(
        power=sign * power + 0.0 if power is not None and online else None,
        soc=soc,
        capacity=capacity,
        max_charge=_most(states["charge"]),
        max_discharge=_most(states["discharge"]),
        self_regulating=False,
        online=online,
        mode=states["state"].text if "state" in states else None,
    )


def orders(watts: Watts) -> tuple[Order, ...]:
    """Return the calls for a setpoint, + discharging: power first, then the mode."""
    if abs(watts) < LEAST:
        return (Order("mode", "select_option", "option", STOP),)
    way = DISCHARGE if watts > 0 else CHARGE
    return (
        Order(way, "set_value", "value", float(round(abs(watts)))),
        Order("mode", "select_option", "option", way),
    )


def spelled(order: Order, state: State) -> Order:
    """Write an option as the entity does: `Stop` for `stop`."""
    options = state.attributes.get("options")
    for option in options if isinstance(options, tuple) else ():
        if isinstance(option, str) and option.lower() == order.value:
            return order._replace(value=option)
    return order


def is_done(order: Order, state: State) -> bool:
    """Tell whether an entity says already what is ordered."""
    if not isinstance(order.value, float):
        return state.text.lower() == order.value.lower()
    try:
        return abs(read_number(state.text) - order.value) <= SAME
    except ValueError:
        return False


def ordered(states: Mapping[str, State]) -> Watts | None:
    """Return the setpoint that the battery holds by its entities, + discharging."""
    mode = states["mode"].text.lower()
    if mode == STOP:
        return 0.0
    watts = _read(states, mode) if mode in (CHARGE, DISCHARGE) else None
    return watts if watts is None or mode == DISCHARGE else -watts


def _read(states: Mapping[str, State], role: str) -> float | None:
    state = states.get(role)
    if state is None or not state.known:
        return None
    unit = state.attributes.get("unit_of_measurement")
    try:
        return read_number(state.text) * in_base(unit if isinstance(unit, str) else None)[1]
    except ValueError:
        return None


def _most(state: State) -> Watts | None:
    most: Any = state.attributes.get("max")
    try:
        return abs(number(most))
    except ValueError:
        return None
