"""An entity of Home Assistant at work: described, said and commanded over one MQTT link."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from flowctl import Log, Secret
from nodes._helpers.ha import Entity, description
from nodes._helpers.mqtt import Link, mqtt
from nodes._helpers.nonsense import excerpt

LONGEST = 255  # characters of a state that Home Assistant keeps


class Shown:
    """An entity as others see it."""

    def __init__(
        self, entity: Entity, link: Link, traits: Mapping[str, Any], *, retain: bool = True
    ) -> None:
        self.entity, self._link, self._retain = entity, link, retain
        self._untold: Mapping[str, Any] | None = traits

    def describe(self) -> None:
        """Tell Home Assistant of it, once, for those who come later too."""
        if self._untold is None:
            return
        told = description(self.entity, self._link.address.status, self._untold)
        self._link.say(self.entity.config_topic, told, qos=1, retain=True)
        self._untold = None

    def say(self, state: bytes) -> None:
        """Say its state.

        Raises:
            ValueError: it is longer than a state may be.
        """
        if len(state) > LONGEST:
            raise ValueError(f"a state of {len(state)} characters: {excerpt(state.decode())}")
        self._link.say(self.entity.state_topic, state, retain=self._retain)

    def add(self, attributes: bytes) -> None:
        """Say a JSON object of what else there is to know."""
        self._link.say(self.entity.attributes_topic, attributes, retain=self._retain)

    async def commands(self) -> AsyncGenerator[str, None]:
        """Yield each command as it comes; one that the broker kept from before is none."""
        async with aclosing(self._link.hear(self.entity.command_topic)) as messages:
            async for message in messages:
                if message.payload and not message.kept:
                    yield message.payload[: 2 * LONGEST].decode("utf-8", "replace").strip()

    def forget(self) -> None:
        """Say nothing of it any more."""
        one = self.entity
        for topic in (one.config_topic, one.state_topic, one.attributes_topic):
            self._link.forget(topic)


@asynccontextmanager
async def shown(
    entity: Entity,
    broker: Secret | str,
    traits: Mapping[str, Any],
    *,
    user: str = "",
    password: Secret | None = None,
    ca: str = "",
    log: Log,
    retain: bool = True,
    describe: bool = True,
) -> AsyncIterator[Shown]:
    """Show an entity on a broker; it is unavailable there when the link ends.

    Without `describe` Home Assistant is told of it when the caller says so.

    Raises:
        OSError: the broker does not answer or refuses the login.
        ValueError: its topics are not fit to be used.
    """
    entity = entity.checked()
    async with mqtt(broker, user=user, password=password, ca=ca, log=log) as link:
        here = Shown(entity, link, traits, retain=retain)
        if describe:
            here.describe()
        try:
            yield here
        finally:
            here.forget()
