"""Let one of several options be chosen in Home Assistant, over MQTT discovery."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated

from flowctl import Log, Store, Together
from nodes._helpers import ha
from nodes._helpers.ha import Entity
from nodes._helpers.ha_entity import shown
from nodes._helpers.mqtt_address import Ca, Password, User, Where
from nodes._helpers.nonsense import Nonsense, excerpt

VALUE = "value"


def choosable(options: Sequence[str], start: str) -> None:
    """Make sure that there is something to choose, and `start` among it.

    Raises:
        ValueError: it is not so.
    """
    if not options:
        raise ValueError("there is nothing to choose from; give options")
    if start and start not in options:
        raise ValueError(f"start '{start}' is not an option; options are {', '.join(options)}")


async def ha_select(
    *,
    broker: Where,
    name: ha.Name,
    options: Annotated[Sequence[str], "what can be chosen"],
    start: Annotated[
        str, "what holds until something is chosen; the first option if not given"
    ] = "",
    keep: Annotated[bool, "what was chosen last holds over restarts; else `start` does"] = True,
    numbered: Annotated[bool, "an option may be called by its number too, from 1"] = False,
    id: ha.Id = "",
    unique: ha.Unique = "",
    discovery: ha.Discovery = True,
    device: ha.Device = "flowctl",
    topic: ha.Topic = "",
    command: ha.Command = "",
    icon: ha.Icon = "",
    category: ha.Category = "",
    prefix: ha.Prefix = ha.PREFIX,
    user: User = "",
    password: Password = None,
    ca: Ca = "",
    store: Store,
    log: Log,
) -> Annotated[AsyncIterator[str], Together(choosable)]:
    """The chosen option: once at the start, and at once each time one is chosen.

    What holds is said back on the state topic, retained, as it is written in `options`. Anybody may
    choose by a message to the command topic, in any case; what is not an option changes nothing,
    nor does a message that the broker kept from before. Silence means that nobody chose.

    Raises:
        OSError: the broker does not answer or refuses the login.

    Source: home-assistant.io/integrations/select.mqtt.
    """
    entity = Entity(
        kind="select", name=name, id=id, unique=unique, device=device, topic=topic,
        command=command, prefix=prefix, icon=icon, category=category,
    )  # fmt: skip
    called = _called(options, numbered=numbered)
    first, kept = start or options[0], store.get(VALUE) if keep else None
    chosen = kept if isinstance(kept, str) and kept in options else first
    traits = {"options": list(options)}
    nonsense = Nonsense(log, entity.object_id)
    yield chosen
    async with (
        shown(
            entity, broker, traits, user=user, password=password, ca=ca, log=log, describe=discovery
        ) as here,
        aclosing(here.commands()) as commands,
    ):
        here.say(chosen.encode())
        async for text in commands:
            found = called.get(text.lower())
            if found is None:
                nonsense.heard(f"{excerpt(text)} is not one of {', '.join(options)}")
                continue
            nonsense.over()
            chosen = store[VALUE] = found
            here.say(chosen.encode())
            yield chosen


def _called(options: Sequence[str], *, numbered: bool) -> dict[str, str]:
    """Return what options may be called; a name goes before a number."""
    numbers = {str(number): option for number, option in enumerate(options, 1)}
    return (numbers if numbered else {}) | {option.lower(): option for option in options}
