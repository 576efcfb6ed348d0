"""One MQTT connection per broker, shared by all steps that name it; it comes back by itself."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace

from flowctl import Log, Secret, shared
from nodes._helpers.mqtt_address import Address, read_address
from nodes._helpers.mqtt_hearers import Hearers, Message
from nodes._helpers.mqtt_outbox import Outbox, Said
from nodes._helpers.mqtt_session import OFFLINE, Session, open_session

SHORTEST, LONGEST = 0.2, 30.0  # s between attempts to come back, doubling
GOODBYE = 1.0  # s that leaving may take to send what waits
log = Log("flowctl.mqtt")  # "mqtt" is the library's own


class Link:
    """Says and hears. While the broker is away it keeps the newest of each topic to say."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.outbox = Outbox()
        self.hearers = Hearers()
        self._session: Session | None = None
        self._quiet = asyncio.Event()
        self._users: list[Log] = []

    @property
    def online(self) -> bool:
        """Whether the broker is there."""
        return self._session is not None

    def say(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False, event: bool = False
    ) -> None:
        """Publish. What cannot go out at once waits, only the newest of a topic.

        A state is said again when the broker returns. An `event` is not, nor does it give way to
        a newer one; while there is no connection it is kept only if its `qos` asks for that.
        """
        self.outbox.say(Said(topic, payload, qos, retain), event=event)

    def forget(self, topic: str) -> None:
        """Say nothing again on a topic: the step that spoke there is gone."""
        self.outbox.forget(topic)

    def hear(self, *patterns: str) -> AsyncGenerator[Message, None]:
        """Yield each message whose topic a filter matches; what the broker kept comes first."""
        return self.hearers.hear(*patterns)

    async def connect(self) -> None:
        """Log in, ask for all topics, and say the newest of each.

        Raises:
            OSError: it cannot be done; the message says what to do.
        """
        self._attach(await open_session(self.address, self))

    async def keep(self) -> None:
        """Come back whenever the connection is lost; one line when it goes, one when it is back."""
        while self._session:
            await self._session.lost()
            self._attach(None)
            log.warning("MQTT broker %s is away", self.address)
            for user in self._users:
                user.trouble(OSError(f"MQTT broker {self.address} is away"))
            await self._come_back()
            log.warning("MQTT broker %s is back%s", self.address, self._toll())

    async def stay(self) -> None:
        """Say again that we are there when another flowctl, which shares the topic, has left."""
        with suppress(OSError):  # a login that may not read it
            async for message in self.hear(self.address.status):
                if message.payload == OFFLINE and self._session:
                    self._session.greet()

    async def leave(self) -> None:
        """Send what waits, say goodbye and close."""
        if not self._session:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE):
                while not (self.outbox.is_empty and self._session.is_quiet):
                    self._quiet.clear()
                    await self._quiet.wait()
        await self._session.close()
        if toll := self._toll():
            log.info("MQTT broker %s%s", self.address, toll)

    def heard(self, topic: str, payload: bytes, kept: bool) -> None:
        """Take a message (the session does)."""
        self.hearers.heard(topic, payload, kept)

    def room(self) -> None:
        """Hear that there is room again (the session tells)."""
        self.outbox.pour()
        self._quiet.set()

    def refused(self, pattern: str) -> None:
        """Hear that a subscription was refused (the session tells)."""
        cure = "may this login read it?"
        self.hearers.refused(
            pattern, OSError(f"MQTT broker {self.address} refuses topic {pattern}; {cure}")
        )

    @contextmanager
    def used(self, user: Log) -> Iterator[None]:
        """Tell a step, while it uses the link, when the broker is lost."""
        self._users.append(user)
        try:
            yield
        finally:
            self._users.remove(user)

    def _toll(self) -> str:
        toll = self.outbox.toll()
        return f"; {toll}" if toll else ""

    def _attach(self, session: Session | None) -> None:
        self._session = session
        self.hearers.attach(session)
        self.outbox.attach(session)

    async def _come_back(self) -> None:
        pause = SHORTEST
        while not self._session:
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST)
            with suppress(OSError):
                await self.connect()


@asynccontextmanager
async def mqtt(
    broker: Secret | str,
    *,
    user: str = "",
    password: Secret | None = None,
    ca: str = "",
    will: tuple[str, bytes] | None = None,
    log: Log = log,
) -> AsyncIterator[Link]:
    """Join the connection to a broker, or open it. Its loss is a trouble of that `log`.

    With a `will` it is one of its own: should we be gone without a goodbye, by a power cut say, the
    broker itself says that payload on that topic, retained.

    Raises:
        OSError: it cannot be opened; the message says what to do.
        ValueError: the address is none.
    """
    address = read_address(broker, user=user, password=password, ca=ca)
    if will:
        address = replace(address, will=will, status="")
    async with shared(("mqtt", address), lambda: _open(address)) as link:
        with link.used(log):
            yield link


@asynccontextmanager
async def _open(address: Address) -> AsyncIterator[Link]:
    link = Link(address)
    await link.connect()
    tasks = [asyncio.create_task(link.keep(), name=f"mqtt {address}")]
    if address.status:
        tasks.append(asyncio.create_task(link.stay(), name=f"mqtt {address} status"))
    try:
        yield link
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await link.leave()
