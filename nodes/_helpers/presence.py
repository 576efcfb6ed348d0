"""Whether a peer that speaks by itself is there: heard of late, or silent for too long."""

from flowctl import Battery, Seconds


class Presence:
    """Notices when a peer falls silent and when it is back; says each once."""

    def __init__(self, patience: Seconds) -> None:
        self._patience = patience
        self._heard_at: Seconds | None = None
        self.online: bool | None = None
        """Nobody knows before the first word, or the end of patience."""

    def heard(self, at: Seconds) -> Battery | None:
        """Take note of a word."""
        was, self._heard_at, self.online = self.online, at, True
        return None if was else Battery(online=True)

    def missed(self, at: Seconds) -> Battery | None:
        """Look whether it has been silent for too long."""
        if self._heard_at is None:
            self._heard_at = at
        if self.online is False or at - self._heard_at <= self._patience:
            return None
        self.online = False
        return Battery(online=False)
