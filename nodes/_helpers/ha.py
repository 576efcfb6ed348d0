"""Entities of Home Assistant as MQTT discovery describes them: topics, payloads, units, values."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from flowctl import Check
from nodes._helpers import mqtt_topics as topics
from nodes._helpers.hosts import or_empty
from nodes._helpers.mqtt_topics import MaybeTopic, check_topic
from nodes._helpers.payload import plain

Kind = Literal["sensor", "binary_sensor", "number", "switch", "select", "button"]
SCALES: Mapping[str, tuple[str, float]] = {  # as Home Assistant shows it -> as wires carry it
    "mW": ("W", 1e-3),
    "kW": ("W", 1e3),
    "MW": ("W", 1e6),
    "kWh": ("Wh", 1e3),
    "MWh": ("Wh", 1e6),
    "mV": ("V", 1e-3),
    "mA": ("A", 1e-3),
    "ms": ("s", 1e-3),
    "min": ("s", 60.0),
    "h": ("s", 3600.0),
    "d": ("s", 86400.0),
    "°C": ("degC", 1.0),
}
ID = re.compile(r"[a-zA-Z0-9_-]+\Z")  # what Home Assistant takes in a discovery topic
COMMANDED = ("number", "switch", "select", "button")
ON, OFF = b"ON", b"OFF"
PREFIX = "homeassistant"


def check_id(text: str) -> None:
    """Make sure that Home Assistant takes an id.

    Raises:
        ValueError: it does not.
    """
    if not ID.match(text):
        raise ValueError(f"id '{text}': use letters, digits, _ and - only")


# Settings that all entities have.
Name = Annotated[str, "what people read"]
Id = Annotated[
    str,
    Check(or_empty(check_id)),
    "unique id, and last part of the entity id; made of device and name if not given",
]
Device = Annotated[str, "device that the entity belongs to; those of one device stand together"]
Topic = Annotated[MaybeTopic, "topic of the state; `flowctl/KIND/ID` if not given"]
Command = Annotated[MaybeTopic, "topic of commands; that of the state and `/set` if not given"]
Retain = Annotated[bool, "let the broker keep the state for a Home Assistant that starts"]
Prefix = Annotated[topics.Topic, "where Home Assistant looks for entities to discover"]
Icon = Annotated[str, "e.g. mdi:home-battery"]
Category = Annotated[Literal["", "config", "diagnostic"], "set apart from what matters every day"]
Unique = Annotated[str, "unique id, where Home Assistant knows it under another than `id`"]
Discovery = Annotated[bool, "let Home Assistant discover it; else there are only its topics"]
Sign = Annotated[
    Literal[1, -1], "-1 turns the sign where Home Assistant is to see another one than flowctl"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity, and where it is described, said and commanded."""

    kind: Kind
    name: str
    id: str = ""
    unique: str = ""
    device: str = "flowctl"
    topic: str = ""
    command: str = ""
    prefix: str = PREFIX
    icon: str = ""
    category: str = ""

    @property
    def object_id(self) -> str:
        """The id in topics; unique in Home Assistant too, unless another is given."""
        return self.id or f"{slug(self.device)}_{slug(self.name)}"

    @property
    def state_topic(self) -> str:
        """Where its state is said."""
        return self.topic or f"flowctl/{self.kind}/{self.object_id}"

    @property
    def command_topic(self) -> str:
        """Where it is commanded."""
        return self.command or f"{self.state_topic}/set"

    @property
    def attributes_topic(self) -> str:
        """Where a JSON object says what else there is to know."""
        return f"{self.state_topic}/attributes"

    @property
    def config_topic(self) -> str:
        """Where it is described, for itself alone: any version of Home Assistant reads that."""
        return f"{self.prefix}/{self.kind}/{self.object_id}/config"

    def checked(self) -> "Entity":
        """Return it if its topics are fit to be used.

        Raises:
            ValueError: they are not; the message says what to do.
        """
        check_id(self.object_id)
        for topic in (self.state_topic, self.command_topic, self.config_topic):
            check_topic(topic)
        return self


def description(entity: Entity, status: str, traits: Mapping[str, Any]) -> bytes:
    """Write what Home Assistant is to know; `status` is the topic that says whether we are there.

    Traits that are `None` or empty are left out.

    Source: home-assistant.io/integrations/mqtt, single component discovery; `object_id` sets the
    entity id until 2026.3, `default_entity_id` does from 2025.10 on.
    """
    told = {
        "name": entity.name,
        "unique_id": entity.unique or entity.object_id,
        "object_id": entity.object_id,
        "default_entity_id": f"{entity.kind}.{slug(entity.object_id)}",
        "icon": entity.icon,
        "entity_category": entity.category,
        "availability_topic": status,
        "state_topic": "" if entity.kind == "button" else entity.state_topic,
        "command_topic": entity.command_topic if entity.kind in COMMANDED else "",
        "device": {"identifiers": [slug(entity.device)], "name": entity.device},
        "origin": {"name": "flowctl"},
        **traits,
    }
    kept = {name: part for name, part in told.items() if part not in (None, "", [])}
    return json.dumps(plain(kept), ensure_ascii=False).encode()


def slug(text: str) -> str:
    """Write a text as ids have it: `Battery SoC (left)` is `battery_soc_left`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "unnamed"


def symbol(unit: str) -> str:
    """Write a wire's unit as Home Assistant does."""
    return "°C" if unit == "degC" else unit


def in_base(unit: str | None) -> tuple[str, float]:
    """Return the unit that wires carry, and how much of it one of Home Assistant's is."""
    return SCALES.get(unit or "", (unit or "", 1.0))
