"""Payloads that make no sense: counted, told once, and passed over."""

import logging

EXCERPT = 80  # characters of an odd payload that are shown


class Nonsense:
    """Counts what a peer said in vain; one log line when it begins, one when sense is back."""

    def __init__(self, log: logging.Logger, peer: str) -> None:
        self._log, self._peer = log, peer
        self._told = False
        self.count = 0

    def heard(self, why: object) -> None:
        """Count one more."""
        self.count += 1
        if not self._told:
            self._told = True
            self._log.warning("%s talks nonsense: %s", self._peer, str(why)[: 2 * EXCERPT])

    def over(self) -> None:
        """Hear that something made sense again."""
        if self._told:
            self._told = False
            self._log.warning("%s makes sense again, after %d odd ones", self._peer, self.count)


def excerpt(payload: str) -> str:
    """Show the beginning of a payload in one line."""
    said = " ".join(payload.split())
    return repr(said if len(said) <= EXCERPT else said[:EXCERPT] + "...")
