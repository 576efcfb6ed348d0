"""What a step says: a register that counts, remembers and hands on. Every one is a tap."""

from collections.abc import Callable
from typing import Any

from flowctl.values import Ability, Battery, Outlook, Plan, Share, is_finite

Receiver = Callable[[Any], None]
CHECKED = dict.fromkeys((float, Share, Battery, Plan, Outlook, Ability, dict, list), is_finite)


class Output:
    """The output of one step. It outlives the step, so a reload rewires nothing that stays."""

    __slots__ = ("_done", "_taken", "closed", "count", "dropped", "id", "last", "on_bad", "receive")

    def __init__(self, step_id: str, on_bad: Callable[[str, Any], None]) -> None:
        self.id = step_id
        self.count = 0
        """Values said so far."""
        self.dropped = 0
        """Values that were NaN or infinite and went nowhere."""
        self.last: Any = None
        self.closed = False
        self.on_bad = on_bad
        self.receive: tuple[Receiver, ...] = ()
        self._taken: list[tuple[int, Receiver]] = []
        self._done: list[Callable[[], None]] = []

    def emit(self, value: Any) -> None:
        """Say a value to all who listen; NaN and infinities never leave a step."""
        check = CHECKED.get(value.__class__)
        if check is not None and not check(value):
            self.dropped += 1
            self.on_bad(self.id, value)
            return
        self.count += 1
        self.last = value
        for receive in self.receive:
            receive(value)

    def complete(self) -> None:
        """Say that nothing more will come."""
        if not self.closed:
            self.closed = True
            for done in tuple(self._done):
                done()

    def listen(
        self, rank: int, receive: Receiver, done: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Add a listener, in the order of ranks; the answer takes it away again."""
        entry = (rank, receive)
        self._taken.append(entry)
        self._order()
        if done:
            self._done.append(done)

        def leave() -> None:
            if entry in self._taken:
                self._taken.remove(entry)
                self._order()
            if done in self._done:
                self._done.remove(done)

        return leave

    def _order(self) -> None:
        self.receive = tuple(receive for _, receive in sorted(self._taken, key=lambda e: e[0]))
