"""Force loads by hand: to a power, for a time, whatever the sun does."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from reactivex import abc
from reactivex.disposable import CompositeDisposable

from flowctl import Clock, Log, Observable, Seconds, Store, Triggers, Watts
from nodes._helpers.fields import read_json, read_number
from nodes._helpers.nonsense import Nonsense, excerpt
from nodes._helpers.operators import NONE
from nodes._helpers.timing import TINY, Deadline

ALL = 1e6  # W: forced without a power, a load draws what it can
KEPT = "forced"


class Command(NamedTuple):
    """What somebody wants of a load."""

    name: str
    watts: Watts | None
    """`None`: let it go."""
    duration: Seconds = math.inf


class Force(NamedTuple):
    """A load that is forced."""

    watts: Watts
    ends: Seconds = math.inf
    """By the clock of this run."""


def forced_mode(
    commands: Annotated[Observable[Any], "force and unforce, as JSON objects or texts"],
    switches: Annotated[
        Mapping[str, Observable[Any]], Triggers(), "by load: true or a power forces it, 0 does not"
    ] = NONE,
    *,
    loads: Annotated[Sequence[str], "names that may be forced; any if not given"] = (),
    clock: Clock,
    store: Store,
    log: Log,
) -> Observable[Mapping[str, Watts]]:
    """Say which loads are forced, and to how many watts: at the start, and when it changes.

    A command is `{"command": "force", "name": "ecs", "power": 1500, "duration": 3600}`: power in W,
    all it can draw if not given; duration in seconds, for good if not given; and `unforce` with a
    name. Names count without regard to case. What is forced, and until when, is kept over restarts.
    Commands that make no sense are counted and told once.

    Example:
        - from: orders
        - forced_mode: {loads: [boiler]}
    """
    names = {name.lower(): name for name in loads}

    def subscribe(
        out: abc.ObserverBase[Mapping[str, Watts]], _: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        desk = _Desk(names, clock, out.on_next, store, log)
        watched = [
            stream.subscribe(partial(desk.switch, name), out.on_error, scheduler=clock)
            for name, stream in switches.items()
        ]
        heard = commands.subscribe(desk.take, out.on_error, out.on_completed, scheduler=clock)
        return CompositeDisposable(heard, *watched, desk.timer)

    return Observable(subscribe)


def read_command(said: Any, names: Mapping[str, str]) -> Command:
    """Read a command; `names` are those known, by their lower case, none if any may be.

    Raises:
        ValueError: it is none.
    """
    told = read_json(said) if isinstance(said, str) else said
    if not isinstance(told, Mapping):
        raise ValueError(f"not a command: {excerpt(str(said))}")
    word, name = told.get("command"), str(told.get("name", ""))
    if (names and name.lower() not in names) or not name:
        raise ValueError(f"no load is called {excerpt(name)}")
    name = names.get(name.lower(), name)
    if word == "unforce":
        return Command(name, None)
    if word != "force":
        raise ValueError(f"neither force nor unforce: {excerpt(str(word))}")
    watts, duration = told.get("power"), told.get("duration")
    return Command(
        name,
        ALL if watts is None else _at_least_zero(watts),
        math.inf if duration is None else _at_least_zero(duration),
    )


def read_switch(name: str, said: Any) -> Command:
    """Read what a switch or a slider of a load says."""
    if isinstance(said, bool):
        return Command(name, ALL if said else None)
    watts = _at_least_zero(said)
    return Command(name, watts or None)


def _at_least_zero(said: Any) -> float:
    number = read_number(said)
    if number < 0:
        raise ValueError(f"a negative power: {number:g}")
    return number


class _Desk:
    """Takes commands, keeps what is forced, and lets go when the time has come."""

    def __init__(
        self,
        names: Mapping[str, str],
        clock: Clock,
        say: Callable[[Mapping[str, Watts]], None],
        store: Store,
        log: Log,
    ) -> None:
        self._names, self._clock, self._say = names, clock, say
        self._store, self._log = store, log
        self._nonsense = Nonsense(log, "who forces loads", clock.time)
        self._forced = self._kept()
        self.timer = Deadline(clock, self._expire)
        self.timer.set(clock.time())

    def take(self, said: Any) -> None:
        """Take a command."""
        self._try(read_command, said, self._names)

    def switch(self, name: str, said: Any) -> None:
        """Take what a switch says."""
        self._try(read_switch, name, said)

    def _try(self, read: Callable[..., Command], *said: Any) -> None:
        try:
            command = read(*said)
        except ValueError as why:
            self._nonsense.heard(why)
            return
        self._nonsense.over()
        self._obey(command)

    def _obey(self, command: Command) -> None:
        name, watts, duration = command
        if watts is None:
            if self._forced.pop(name, None) is None:
                return
            self._log.info("%s is no longer forced", name)
        else:
            until = "" if duration == math.inf else f" for {duration:.0f}s"
            self._log.info("%s is forced to %.0fW%s", name, watts, until)
            self._forced[name] = Force(watts, self._clock.time() + duration)
        self._speak()

    def _expire(self) -> None:
        now = self._clock.time()
        for name in [name for name, force in self._forced.items() if force.ends <= now + TINY]:
            del self._forced[name]
            self._log.info("%s is no longer forced: its time is over", name)
        self._speak()

    def _speak(self) -> None:
        self.timer.set(min((force.ends for force in self._forced.values()), default=math.inf))
        ahead = self._clock.wall().timestamp() - self._clock.time()
        self._store[KEPT] = {
            name: [force.watts, None if force.ends == math.inf else force.ends + ahead]
            for name, force in self._forced.items()
        }
        self._say(MappingProxyType({name: force.watts for name, force in self._forced.items()}))

    def _kept(self) -> dict[str, Force]:
        """Take up what was forced before a restart; what is over by now, or odd, is not."""
        ahead = self._clock.wall().timestamp() - self._clock.time()
        kept = self._store.get(KEPT)
        found: dict[str, Force] = {}
        for name, told in kept.items() if isinstance(kept, Mapping) else ():
            try:
                watts, until = told
                ends = math.inf if until is None else read_number(until) - ahead
                found[name] = Force(_at_least_zero(watts), ends)
            except (ValueError, TypeError):
                self._log.warning("what was kept of %s makes no sense: it is not forced", name)
        return found
