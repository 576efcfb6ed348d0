"""The name under which newer B2500 firmware speaks on MQTT: its MAC, enciphered.

The key is the same for all and known, so this hides nothing; it is 12 characters, hence a single
block of AES-128. One block is all that is ever needed, so it is written out here rather than made
a dependency of everybody. Source: tomquist/hame-relay (key, mode, padding); FIPS 197 (AES).
"""

KEY = b"!@#$%^&*()_+{}[]"
NEW_ID = ("HMA", "HMF", "HMK", "HMJ")
"""Families that speak under it; all others use the MAC itself."""
BLOCK, ROUNDS = 16, 10
SHIFTED = [(at + 4 * (at % 4)) % BLOCK for at in range(BLOCK)]  # ShiftRows, column by column


def new_id(mac: str) -> str:
    """Encipher a MAC: AES-128-CBC with an IV of zeros and PKCS 7 padding, as hex digits."""
    text = mac.encode("ascii")
    room = BLOCK - len(text)
    if room < 1:
        raise ValueError(f"'{mac}' is not a MAC; write its 12 digits, e.g. acd929a74b20")
    return encipher(text + bytes([room] * room), KEY).hex()


def encipher(block: bytes, key: bytes) -> bytes:
    """Encipher one block by AES-128."""
    first, *keys = _round_keys(key)
    state = _xor(block, first)
    for number, one in enumerate(keys, 1):
        state = bytes(SBOX[state[at]] for at in SHIFTED)
        if number < ROUNDS:
            state = b"".join(_mixed(state[at : at + 4]) for at in range(0, BLOCK, 4))
        state = _xor(state, one)
    return state


def _round_keys(key: bytes) -> list[bytes]:
    words, factor = [key[at : at + 4] for at in range(0, BLOCK, 4)], 1
    for at in range(4, 4 * (ROUNDS + 1)):
        word = words[-1]
        if at % 4 == 0:
            turned = bytes(SBOX[byte] for byte in (*word[1:], word[0]))
            word, factor = bytes([turned[0] ^ factor, *turned[1:]]), _double(factor)
        words.append(_xor(words[at - 4], word))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _mixed(column: bytes) -> bytes:
    total = column[0] ^ column[1] ^ column[2] ^ column[3]
    return bytes(
        byte ^ total ^ _double(byte ^ column[(at + 1) % 4]) for at, byte in enumerate(column)
    )


def _double(byte: int) -> int:
    return byte << 1 ^ (0x11B if byte & 0x80 else 0)


def _substitutes() -> bytes:
    """Make the table of SubBytes: the inverse in GF(2^8), and its bits stirred."""
    table, one, inverse = bytearray(256), 1, 1
    while True:
        one ^= _double(one)  # times 3, which leads through all
        for shift in (1, 2, 4):  # divided by 3
            inverse ^= inverse << shift & 0xFF
        inverse ^= 0x09 if inverse & 0x80 else 0
        doubled = inverse << 8 | inverse
        stirred = inverse ^ doubled >> 7 ^ doubled >> 6 ^ doubled >> 5 ^ doubled >> 4
        table[one] = stirred & 0xFF ^ 0x63
        if one == 1:
            table[0] = 0x63
            return bytes(table)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


SBOX = _substitutes()
