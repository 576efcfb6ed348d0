"""What a step says: a register that counts, remembers and hands on. Every one is a tap."""

from collections.abc import Callable
from operator import itemgetter
from typing import Any, NoReturn

from flowctl.engine.sense import has_sense, nonsense, sensible
from flowctl.faults import RAISED
from flowctl.finite import is_finite
from flowctl.language.graph import Step
from flowctl.language.wires import shown
from flowctl.values import Ability, Battery, Outlook, Plan, Share, known

Receiver = Callable[[Any], None]
Failed = Callable[[BaseException, Any], None]
Hearers = tuple[Receiver, Failed, "Hearers"] | None
"""Who listens, one behind the other: walked with less ado than a list."""
CHECKED = frozenset((Share, Battery, Plan, Outlook, Ability, dict, list))
PLAIN = frozenset((bool, int, str, type(None)))
PASSING: dict[Any, frozenset[type]] = {
    float: frozenset((bool, int, Share)),
    **{record: frozenset((record,)) for record in (Battery, Plan, Outlook)},
}
"""What needs no look where a type is promised."""


class Output:
    """The output of one step. It outlives the step, so a reload rewires nothing that stays.

    The fence of each listener stands here, where values are handed over: what one raises is its
    own failure, and its siblings never notice. A call less for each hop.
    """

    __slots__ = (
        "_done",
        "_hearers",
        "_passing",
        "_taken",
        "_told",
        "closed",
        "count",
        "dropped",
        "id",
        "last",
        "on_bad",
        "promised",
        "recall",
    )  # fmt: skip

    def __init__(self, step_id: str, on_bad: Callable[[str, Any], None]) -> None:
        self.id = step_id
        self.count = 0
        """Values said so far."""
        self.dropped = 0
        """Values that were NaN, infinite or not what is promised, and went nowhere.

        Of a battery's record only what makes no sense goes nowhere.
        """
        self.last: Any = None
        self.recall: Callable[[], Battery | None] = _nothing
        """All that a battery told so far: a single record of it tells a part only."""
        self.closed = False
        self.on_bad = on_bad
        self.promise(None)
        self._hearers: Hearers = None
        self._taken: list[tuple[int, Receiver, Failed]] = []
        self._done: list[Callable[[], None]] = []

    def promise(self, step: Step | None) -> None:
        """Say what this step says by its signature; nothing else leaves it from now on."""
        wire = step.wire if step else None
        kind = wire.type if wire else Any
        self.promised = kind if kind in PASSING else Any
        self._told = shown(wire) if wire else ""
        self._passing = PASSING.get(self.promised, CHECKED | PLAIN)

    def fits(self, value: Any) -> bool:
        """Tell whether a value is what is promised."""
        if self.promised is float:
            return hasattr(value, "__float__")
        return self.promised is Any or isinstance(value, self.promised)

    def objection(self, value: Any) -> str:
        """Say what is wrong with a value that went nowhere."""
        if isinstance(value, Battery) and self.fits(value):
            odd = ", ".join([f"{name} {part}" for name, part in nonsense(value).items()])
            return f"left out {odd}: it makes no sense"
        told = repr(value)[:200]
        wrong = f"said {told}, {self._told} is promised"
        return f"dropped {told}: not finite" if self.fits(value) else wrong

    def emit(self, value: Any) -> None:
        """Say a value to all who listen; NaN, infinities and nonsense never leave a step."""
        kind = value.__class__
        if (
            value - value != 0.0
            if kind is float
            else (kind in CHECKED and not _is_fine(value))
            or (kind not in self._passing and not self.fits(value))
        ):
            self.dropped += 1
            self.on_bad(self.id, value)
            value = self._rest(value)
            if value is None:
                return
        self.count += 1
        self.last = value
        hearers, unfenced = self._hearers, None
        while hearers is not None:
            receive, failed, hearers = hearers
            try:
                receive(value)
            except RAISED as error:  # this is the fence
                unfenced = _fenced(failed, error, value) or unfenced
        if unfenced is not None:  # when all have heard it
            raise unfenced

    def _rest(self, value: Any) -> Battery | None:
        """Return what is left of a record that tells nonsense in some field, if anything is."""
        if not isinstance(value, Battery) or not self.fits(value):
            return None
        rest = sensible(value)
        return rest if known(rest) else None

    def newest(self) -> Any:
        """Return what is known of it by now, for who begins to listen; `None` if nothing is."""
        return self.recall() if isinstance(self.last, Battery) else self.last

    def complete(self) -> None:
        """Say that nothing more will come."""
        if not self.closed:
            self.closed = True
            for done in tuple(self._done):
                done()

    def listen(
        self,
        rank: int,
        receive: Receiver,
        done: Callable[[], None] | None = None,
        failed: Failed | None = None,
    ) -> Callable[[], None]:
        """Add a listener, in the order of ranks; the answer takes it away again.

        `failed` is told what the listener raised, and on which value; without it, it is raised.
        """
        entry = (rank, receive, failed or _raise)
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
        hearers: Hearers = None
        for _, receive, failed in sorted(self._taken, key=itemgetter(0))[::-1]:
            hearers = (receive, failed, hearers)
        self._hearers = hearers


def _is_fine(value: Any) -> bool:
    """Tell whether a record is finite; one that is only passed on is not looked at again."""
    if value is _fine[0]:
        return True
    if not (has_sense(value) if value.__class__ is Battery else is_finite(value)):
        return False
    _fine[0] = value
    return True


_fine: list[Any] = [None]  # the newest record that was looked at


def _fenced(failed: Failed, error: BaseException, value: Any) -> BaseException | None:
    """Tell a listener's fence what it raised; return what is left to be raised."""
    try:
        failed(error, value)
    except RAISED as unfenced:
        return unfenced
    return None


def _raise(error: BaseException, _value: Any) -> NoReturn:
    raise error


def _nothing() -> None:
    return None
