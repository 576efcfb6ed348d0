"""Payloads that make no sense: counted, told once, and passed over."""

from flowctl import Log

EXCERPT = 80  # characters of an odd payload that are shown
IN_A_ROW = 100  # good ones, or odd ones, before it is worth another line


class Nonsense:
    """Counts what a peer said in vain; one log line when it begins, one when sense is back.

    Of a peer that does so time and again, no more is told until it does one thing for a while.
    """

    def __init__(self, log: Log, peer: str) -> None:
        self._log, self._peer = log, peer
        self._told = False
        self._good, self._odd = IN_A_ROW, 0  # in a row
        self.count = 0

    def heard(self, why: object) -> None:
        """Count one more."""
        self.count += 1
        self._log.odd += 1
        self._odd += 1
        lasting = self._good >= IN_A_ROW or self._odd >= IN_A_ROW
        self._good = 0
        if not self._told and lasting:
            self._told = True
            self._log.warning("%s talks nonsense: %s", self._peer, str(why)[: 2 * EXCERPT])

    def over(self) -> None:
        """Hear that something made sense again."""
        self._good, self._odd = self._good + 1, 0
        if self._told:
            self._told = False
            self._log.warning("%s makes sense again, after %d odd ones", self._peer, self.count)


def excerpt(payload: str) -> str:
    """Show the beginning of a payload in one line."""
    said = " ".join(payload.split())
    return repr(said if len(said) <= EXCERPT else said[:EXCERPT] + "...")
