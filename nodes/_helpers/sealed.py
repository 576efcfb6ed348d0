"""Enciphered telegrams of smart meters: found in a stream, and opened.

Source: Luxmetering, E-Meter P1 specification 1.1.3 (general-glo-ciphering of DLMS): `DB 08`, system
title of 8 bytes, `82` and a length of 2 bytes that counts from the next one, security control `30`,
frame counter of 4 bytes, telegram, tag of 12 bytes. AES-128-GCM; the nonce is title and counter,
what is authenticated besides is the security control and the authentication key.
"""

from typing import Any

from flowctl import Secret

AUTH = Secret("00112233445566778899aabbccddeeff")  # of every meter in Luxembourg
HEAD, LONG, CONTROL = b"\xdb\x08", 0x82, 0x30
HEADER, TAG = 18, 12  # bytes
LARGEST = 1 << 14  # bytes; real frames stay below 4 kB
CURE = "pip install cryptography"


class Sealed:
    """Cuts a stream of bytes into frames and opens them; what is before one is let go."""

    def __init__(self, key: Secret, auth: Secret) -> None:
        self._key, self._auth = _bytes(key, "key"), _bytes(auth, "auth")
        self._waiting = b""

    def feed(self, data: bytes) -> list[str | ValueError]:
        """Take bytes; return the telegrams that they complete, and what could not be opened."""
        self._waiting += data
        found: list[str | ValueError] = []
        while (size := self._next()) and size <= len(self._waiting):
            try:
                found.append(self._opened(self._waiting[:size]))
                self._waiting = self._waiting[size:]
            except ValueError as error:  # a torn one may hold the beginning of the next
                found.append(error)
                self._waiting = self._waiting[1:]
        return found

    def _next(self) -> int:
        """Go to the next frame, and return its size; zero where there is none yet."""
        while (start := self._waiting.find(HEAD)) >= 0:
            self._waiting = self._waiting[start:]
            if len(self._waiting) < HEADER:
                return 0
            size = HEADER - 5 + int.from_bytes(self._waiting[11:13], "big")
            fits = self._waiting[10] == LONG and self._waiting[13] == CONTROL
            if fits and HEADER + TAG < size <= LARGEST:
                return size
            self._waiting = self._waiting[1:]
        self._waiting = self._waiting[-1:]  # half a head, maybe
        return 0

    def _opened(self, frame: bytes) -> str:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        nonce, tag = frame[2:10] + frame[14:HEADER], frame[-TAG:]
        mode = modes.GCM(nonce, tag, min_tag_length=TAG)
        opener: Any = Cipher(algorithms.AES(self._key), mode).decryptor()
        opener.authenticate_additional_data(bytes([CONTROL]) + self._auth)
        try:
            text: bytes = opener.update(frame[HEADER:-TAG]) + opener.finalize()
        except InvalidTag:
            raise ValueError("a telegram that does not open; are key and auth its own?") from None
        return text.decode("latin1").replace("\r", "")


def check_library() -> None:
    """Make sure that telegrams can be opened.

    Raises:
        OSError: the library for it is missing.
    """
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise OSError(f"to open telegrams, cryptography is missing; {CURE}") from None


def _bytes(secret: Secret, name: str) -> bytes:
    try:
        made = bytes.fromhex(secret.reveal())
    except ValueError:
        made = b""
    if len(made) != 16:
        raise ValueError(f"{name} is 32 digits from 0 to 9 and a to f")
    return made
