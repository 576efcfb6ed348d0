"""All that a battery told so far, as one record: for a step that begins to listen in the middle."""

from dataclasses import replace

from flowctl.values import Battery


class Recall:
    """Remembers every field, and when its power was measured and its setpoint accepted."""

    def __init__(self) -> None:
        self.known = Battery()
        self._power_at: float | None = None
        self._setpoint_at: float | None = None

    def hear(self, record: Battery, now: float) -> None:
        """Take in one more record."""
        self.known = record.after(self.known)
        if record.power is not None:
            self._power_at = now if record.power_at is None else record.power_at
        if record.setpoint is not None:
            self._setpoint_at = now if record.setpoint_at is None else record.setpoint_at

    def whole(self, *, ours: bool) -> Battery | None:
        """Return all of it; the setpoint only while it is `ours`. Nothing before it spoke."""
        known = self.known
        if known == Battery():
            return None
        setpoint, at = (known.setpoint, self._setpoint_at) if ours else (None, None)
        return replace(known, power_at=self._power_at, setpoint=setpoint, setpoint_at=at)
