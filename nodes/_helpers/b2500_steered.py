"""A battery that follows the meter it is shown: what it is told, gives, and is to see."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from flowctl import Battery, Clock, Release, Terms, Watts
from nodes._helpers.b2500_bridge import Bridge
from nodes._helpers.mqtt import Link
from nodes._helpers.mqtt_hearers import Message
from nodes._helpers.presence import Presence
from nodes._helpers.virtual_meter import VirtualMeter

Event = Message | Watts | Release | None
"""Telemetry, a command, or the beat."""


class Steered:
    """One battery, its telemetry and polls, and its virtual meter. Powers: + discharging."""

    def __init__(
        self,
        meter: VirtualMeter,
        rating: tuple[Watts, Watts],
        terms: Terms,
        clock: Clock,
        *,
        bridge: Bridge | None = None,
        presence: Presence | None = None,
    ) -> None:
        """Steer one that takes and gives so much at most; `presence`: its polls are heard."""
        self._meter, self._terms, self._clock = meter, terms, clock
        self._bridge, self._presence = bridge, presence
        self.charge, self.discharge = rating
        self.borrowed = self._given_back = False
        """Whether it is steered now."""
        self._told: Watts | None = None

    def first(self) -> Battery:
        """Tell what it can."""
        return Battery(
            max_charge=self.charge,
            max_discharge=self.discharge,
            write_every=self._terms.write_every,
        )

    def messages(self, link: Link) -> list[AsyncGenerator[Message, None]]:
        """Listen to its telemetry."""
        return self._bridge.messages(link) if self._bridge else []

    def take(self, event: Event) -> Battery | None:
        """Take telemetry, a command, or the beat; return what there is to tell."""
        if event is None:
            return self._missed()
        if not isinstance(event, Message):
            return self._command(event)
        told = self._bridge.take(event, self._clock.time()) if self._bridge else None
        return None if told is None else self.measured(told)

    def polled(self, watts: Watts | None = None) -> Battery | None:
        """Hear that it has read its meter, and what it says to give."""
        told = self._presence.heard(self._clock.time()) if self._presence else None
        if watts is None:
            return told
        return self.measured(replace(told or Battery(), power=watts))

    def measured(self, told: Battery) -> Battery:
        """Take note of what it gives."""
        if told.power is not None:
            self._meter = self._meter.measured(told.power, self._clock.time())
        elif told.online is False:
            self._meter = self._meter.unknown()
        if self._presence and told.online:
            return replace(told, online=self._presence.online)  # as its polls have it
        return told

    def shown(self) -> Watts | None:
        """Return what it is to see at this poll, + import; nothing while nobody steers it.

        With `release: zero` it goes on seeing all it could give exported, so that it stops.
        """
        if self.borrowed:
            self._meter, watts = self._meter.read(self._clock.time())
            return watts
        return self.farewell if self._given_back else None

    def accepted(self) -> Battery | None:
        """Tell how far it can have followed, if that is news: it goes no faster than it can."""
        accepted = self._meter.accepted
        if accepted is None or accepted == self._told:
            return None
        self._told = accepted
        return Battery(setpoint=accepted)

    @property
    def farewell(self) -> Watts | None:
        """What it is to see once it was given back."""
        return -self.discharge if self._terms.release == "zero" else None

    def _missed(self) -> Battery | None:
        at = self._clock.time()
        gone = [watch.missed(at) for watch in (self._bridge, self._presence) if watch]
        return next((self.measured(told) for told in gone if told), None)

    def _command(self, command: Watts | Release) -> Battery | None:
        if isinstance(command, Release):
            self._meter, self._told = self._meter.wanting(None), None
            self.borrowed, self._given_back = False, True
            return Battery(setpoint=0.0)
        watts = float(round(max(-self.charge, min(command, self.discharge)))) + 0.0
        self._meter, self.borrowed = self._meter.wanting(watts), True
        return self.accepted()
