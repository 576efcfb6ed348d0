"""Say a value as Domoticz takes it over MQTT."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

from flowctl import Ge, Observable
from nodes._helpers.expressions import sayable
from nodes._helpers.operators import Each, Receiver


def domoticz(
    values: Annotated[Observable[Any], "a number, a text, or true or false"],
    *,
    idx: Annotated[int, Ge(1), "number of the device in Domoticz"],
    to: Annotated[
        Literal["svalue", "nvalue", "switch"],
        "where it goes: the svalue of a sensor, the nvalue of an alert, or a switch",
    ] = "svalue",
    decimals: Annotated[int, Ge(0), "of a number"] = 0,
) -> Observable[Mapping[str, Any]]:
    """Say one message per value, for `mqtt_out: {topic: domoticz/in, event: true}`.

    `svalue`: `{"idx": 648, "nvalue": 0, "svalue": "-250"}`; `nvalue`: `{"idx": 658, "nvalue": 1}`;
    `switch`: `{"command": "switchlight", "idx": 359, "switchcmd": "On"}`, on for true and for any
    number but zero. Signs and units stay as they are. Numbers that are not finite are not said.

    Source: wiki.domoticz.com, MQTT: udevice and switchlight.
    """

    def hear(say: Receiver[Mapping[str, Any]]) -> Receiver[Any]:
        def receive(value: Any) -> None:
            known = sayable(value)
            if known is not None:
                say(MappingProxyType(message(known, idx, to, decimals)))

        return receive

    return Each(values, hear)


def message(value: Any, idx: int, to: str, decimals: int = 0) -> dict[str, Any]:
    """Make the message for one value."""
    if to == "switch":
        return {"command": "switchlight", "idx": idx, "switchcmd": "On" if value else "Off"}
    if to == "nvalue":
        return {"idx": idx, "nvalue": int(value)}
    text = str(value) if isinstance(value, str) else f"{float(value):.{decimals}f}"
    return {"idx": idx, "nvalue": 0, "svalue": "0" if text.strip("-0.") == "" else text}
