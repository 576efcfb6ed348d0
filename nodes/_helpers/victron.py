"""What the MQTT broker of a Victron GX tells, and what keeps it talking.

Source: victronenergy/dbus-flashmq, README: `N/<portal>/<service>/<instance>/<path>` with
`{"value": x}`, null for what is not available, no payload for what has gone; nothing is retained;
silent without `R/<portal>/keepalive` each 60 s; an empty one has all told, which ends with
`N/<portal>/full_publish_completed`. Paths: victronenergy/dbus-systemcalc-py, README; in W,
grid + import, battery + charging.
"""

from typing import Literal, NamedTuple

from flowctl import Seconds, Watts
from nodes._helpers.fields import number, pick, read_json
from nodes._helpers.payload import text_of

Place = Literal["grid", "solar", "battery", "load"]
BEAT: Seconds = 20.0
COMPLETED = "full_publish_completed"
QUIETLY = b'{"keepalive-options": ["suppress-republish"]}'
PATHS = {
    "grid": ("Ac/Grid/+/Power",),
    "solar": ("Ac/PvOnGrid/+/Power", "Ac/PvOnOutput/+/Power", "Dc/Pv/Power"),
    "battery": ("Dc/Battery/Power",),
    "load": ("Ac/Consumption/+/Power",),
}
SIGNS = {"grid": 1.0, "solar": 1.0, "battery": -1.0, "load": -1.0}
PHASES = ("L1", "L2", "L3", "Pv", "Battery")  # next to last in a topic; totals have other names


class Powers(NamedTuple):
    """The newest of all parts of one power, and whether these are all."""

    parts: tuple[tuple[str, Watts], ...] = ()
    complete: bool = False

    def told(self, topic: str, payload: bytes) -> "Powers":
        """Take a message.

        Raises:
            ValueError: it is not a number.
        """
        if topic.endswith(COMPLETED):
            return self._replace(complete=True)
        if topic.split("/")[-2] not in PHASES:
            return self
        watts = value(payload)
        known = dict(self.parts)
        known.pop(topic, None)
        if watts is not None:
            known[topic] = watts
        return self._replace(parts=tuple(known.items()))

    def power(self, of: Place) -> Watts | None:
        """Return the sum, + into the house; nothing before all parts are known."""
        if not self.complete or not self.parts:
            return None
        return number(SIGNS[of] * sum(watts for _, watts in self.parts)) + 0.0


def value(payload: bytes) -> Watts | None:
    """Read a value; nothing if it is not available.

    Raises:
        ValueError: it is not a number.
    """
    if not payload:
        return None
    said = pick(read_json(text_of(payload)), "value")
    return None if said is None else number(said)


def filters(portal: str, of: Place) -> list[str]:
    """Return the topics that make up a power, and the one that ends a telling."""
    begin = f"N/{portal}"
    return [*(f"{begin}/system/0/{path}" for path in PATHS[of]), f"{begin}/{COMPLETED}"]
