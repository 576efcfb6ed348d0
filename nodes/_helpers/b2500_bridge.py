"""What an ESP beside a B2500 tells of it by MQTT: charge, output, panels, and whether it is there.

Source: tomquist/esphome-b2500: `<prefix>/battery/remaining_percent` (%), `/power/power` and
`/pv/power` (W, never negative), `/smartmeter/connected` (ON, retained; v2 and later).
"""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from flowctl import Battery, Seconds
from nodes._helpers.mqtt import Link
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.nonsense import Nonsense
from nodes._helpers.payload import decoder
from nodes._helpers.presence import Presence

MOST_POWER = 10_000.0  # W; no storage of this kind gives more
BOUNDS = {"soc": 100.0, "power": MOST_POWER, "pv_power": MOST_POWER}
number = decoder("number")


class Topics(NamedTuple):
    """Where it is told; an empty topic is not listened to."""

    soc: str = ""
    power: str = ""
    connected: str = ""
    pv_power: str = ""


class Bridge:
    """Reads what an ESP tells of one storage, and notices when it tells nothing more."""

    def __init__(self, topics: Topics, patience: Seconds, nonsense: Nonsense) -> None:
        self._topics, self._nonsense = topics, nonsense
        self._names = {topic: name for name, topic in topics._asdict().items() if topic}
        self._presence = Presence(patience)
        self._connected = True

    @property
    def tells_power(self) -> bool:
        """Whether it tells what the storage gives."""
        return bool(self._topics.power)

    def messages(self, link: Link) -> list[AsyncGenerator[Message, None]]:
        """Listen to all topics."""
        return [link.hear(topic) for topic in self._names]

    def take(self, message: Message, at: Seconds) -> Battery | None:
        """Read one message; nothing if it holds nothing new."""
        name = self._names[message.topic]
        if name == "connected" and message.payload:
            said = message.payload.decode(errors="replace").strip().upper()
            self._connected = said == "ON"
            return Battery(online=self._connected and self._presence.online is not False)
        if message.kept or not message.payload:  # nobody knows how old it is
            return None
        try:
            value = _within(number(message.payload), BOUNDS[name])
        except ValueError as why:
            self._nonsense.heard(why)
            return None
        self._nonsense.over()
        if name == "power" or not self.tells_power:
            self._presence.heard(at)
        return _told(name, value, online=self._connected and self._presence.online is not False)

    def missed(self, at: Seconds) -> Battery | None:
        """Tell once when it has fallen silent."""
        return self._presence.missed(at) if self._names else None


def _told(name: str, value: float, *, online: bool) -> Battery:
    if name == "soc":
        return Battery(soc=value, online=online)
    return Battery(power=value, online=online) if name == "power" else Battery(pv_power=value)


def _within(value: float, most: float) -> float:
    if 0.0 <= value <= most:
        return value
    raise ValueError(f"{value:g} is out of all bounds")
