"""One link to a Home Assistant, shared by all steps that name it: states heard, services called."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from flowctl import Secret, shared
from nodes._helpers.ha_rest import PATIENCE, Rest, base_of
from nodes._helpers.ha_socket import NoSocketError, Socket, log_in
from nodes._helpers.ha_states import State, apply, check_entity, gone
from nodes._helpers.inbox import Inbox

SAME = 1e-3  # s: both interfaces tell the same moment with rounding of their own
log = logging.getLogger("home_assistant")


class HomeAssistant:
    """Knows the states of the entities asked for. Without a WebSocket it asks again and again."""

    def __init__(self, rest: Rest, socket: Socket | None) -> None:
        self._rest, self._socket = rest, socket
        self._states: dict[str, State] = {}
        self._asked: set[str] = set()
        self._ears: list[tuple[str, Inbox[State]]] = []
        if socket:
            socket.on_lost = self._lost

    async def follow(self, entities: Iterable[str]) -> None:
        """Know the states of some entities from now on.

        Raises:
            OSError: Home Assistant does not answer, or refuses.
        """
        fresh = sorted(set(map(check_entity, entities)) - self._asked)
        self._asked.update(fresh)
        if not self._socket:
            await self.refresh()
        elif fresh:
            first = asyncio.Event()
            hear = partial(self._heard, first)
            await self._socket.ask("subscribe_entities", hear, entity_ids=fresh)
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await first.wait()

    def now(self, entity: str) -> State:
        """Return the state of an entity that is followed."""
        return self._states.get(entity) or gone(entity)

    async def refresh(self) -> None:
        """Make sure that what is known is true now.

        Raises:
            OSError: Home Assistant does not answer.
        """
        if self._socket:
            if self._socket.lost:
                raise self._socket.lost
            return
        for entity in sorted(self._asked):
            self._tell(await self._rest.state(entity) or gone(entity))

    async def watch(self, entity: str, every: float) -> AsyncGenerator[State, None]:
        """Yield the state of an entity now and whenever it is told, changed or not.

        A state that is told again without a change is no event of Home Assistant's: for those it
        is asked every so often.

        Raises:
            OSError: Home Assistant does not answer, or has no such entity.
        """
        box: Inbox[State] = Inbox()
        ear = (check_entity(entity), box)
        self._ears.append(ear)
        try:
            await self.follow([entity])
            newest = await self._look(entity)
            yield newest
            while True:
                state = await self._next(box, entity, every)
                if is_news(state, newest):
                    newest = state
                    yield state
        finally:
            self._ears.remove(ear)

    async def call(self, service: str, entity: str, **data: Any) -> None:
        """Call a service for an entity, e.g. `number.set_value`.

        Raises:
            OSError: Home Assistant does not answer, or refuses.
        """
        if not self._socket:
            await self._rest.call(service, entity, data)
            return
        domain, _, name = service.partition(".")
        target = {"entity_id": entity}
        await self._socket.ask(
            "call_service", domain=domain, service=name, target=target, service_data=data
        )

    async def _next(self, box: Inbox[State], entity: str, every: float) -> State:
        try:
            async with asyncio.timeout(every):
                return await anext(box)
        except TimeoutError:
            return await self._look(entity)

    async def _look(self, entity: str) -> State:
        state = await self._rest.state(entity)
        if state is None:
            raise OSError(f"Home Assistant has no entity {entity}; is that its id?")
        return state._replace(reported=max(state.reported, await self._rest.reported(entity)))

    def _heard(self, first: asyncio.Event, event: Any) -> None:
        for entity in apply(self._states, event):
            self._tell(self._states[entity])
        first.set()

    def _tell(self, state: State) -> None:
        self._states[state.entity] = state
        for entity, box in self._ears:
            if entity == state.entity:
                box.put(entity, state)

    def _lost(self, error: OSError) -> None:
        for _, box in self._ears:
            box.fail(error)


def is_news(state: State, newest: State) -> bool:
    """Tell whether a state was told after another one; a look may overtake an event."""
    later = state.reported - newest.reported
    if not state.reported:  # it was removed: nobody says when
        return state.text != newest.text
    return later > SAME or (later > -SAME and state.text != newest.text)


@asynccontextmanager
async def home_assistant(host: str, token: Secret) -> AsyncIterator[HomeAssistant]:
    """Join the link to a Home Assistant, or open it.

    Raises:
        OSError: it does not answer, or refuses the token.
        ValueError: the address is none.
    """
    base = base_of(host)
    async with shared(("home assistant", base, token), lambda: _open(base, token)) as link:
        await link.refresh()
        yield link


@asynccontextmanager
async def _open(base: str, token: Secret) -> AsyncIterator[HomeAssistant]:
    from aiohttp import ClientSession

    async with ClientSession() as session:
        rest, socket = Rest(session, base, token), await _socket(session, base, token)
        listening = asyncio.create_task(socket.listen()) if socket else None
        try:
            yield HomeAssistant(rest, socket)
        finally:
            if socket and listening:
                await socket.close()
                await listening


async def _socket(session: Any, base: str, token: Secret) -> Socket | None:
    try:
        return await log_in(session, base, token)
    except NoSocketError as why:
        said = "Home Assistant at %s does not let a WebSocket through (%s); it is polled"
        log.info(said, base, why)
        return None
