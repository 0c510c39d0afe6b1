"""Message authentication codes of eight bytes, and the keys they are made with.

Source: ANSI X9.9 (DES in CBC mode), ANSI X9.19 (the same with a last step of triple DES, ISO 9797-1 algorithm 3), UnionPay's
terminal standard (folding before two encryptions, "ECB"), GM/T 0002 for SM4. Padding is with zero bytes, the start is zero.
"""

from functools import partial

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB

KEY_BYTES = 16
CHECK_BYTES = 4
MAC_BYTES = 8


def mac(algorithm: str, key: bytes, message: bytes) -> bytes:
    """Eight bytes over a message. ``key`` has 16 bytes; x9.9 uses the first eight.

    Raises: KeyError for an algorithm that is none of x9.9, x9.19, cup-ecb, sm4-cbc.
    """
    return _ALGORITHMS[algorithm](key, message)[:MAC_BYTES]


def wrap_key(algorithm: str, master_key: bytes, key: bytes) -> bytes:
    """A MAC key under the master key, block by block, followed by its check value of four bytes."""
    return _encrypt(algorithm, master_key, key) + check_value(algorithm, key)


def unwrap_key(algorithm: str, master_key: bytes, wrapped: bytes) -> bytes:
    """The MAC key. Raises: ValueError when the check value does not fit."""
    decryptor = Cipher(_cipher(algorithm, master_key), ECB()).decryptor()
    key = decryptor.update(wrapped[:KEY_BYTES]) + decryptor.finalize()
    if check_value(algorithm, key) != wrapped[KEY_BYTES:]:
        raise ValueError("the key's check value does not fit")
    return key


def check_value(algorithm: str, key: bytes) -> bytes:
    """The first four bytes of zeros encrypted with the key."""
    return _encrypt(algorithm, key, bytes(16))[:CHECK_BYTES]


def _cbc(algorithm: str, size: int, key: bytes, message: bytes) -> bytes:
    state = bytes(size)
    for block in _blocks(message, size):
        state = _encrypt(algorithm, key, _xor(state, block))
    return state


def _x9_9(key: bytes, message: bytes) -> bytes:
    return _cbc("des", 8, key[:8], message)


def _x9_19(key: bytes, message: bytes) -> bytes:
    state = _x9_9(key, message)
    decryptor = Cipher(_cipher("des", key[8:16]), ECB()).decryptor()
    return _encrypt("des", key[:8], decryptor.update(state) + decryptor.finalize())


def _cup_ecb(key: bytes, message: bytes) -> bytes:
    folded = bytes(8)
    for block in _blocks(message, 8):
        folded = _xor(folded, block)
    digits = folded.hex().upper().encode()
    once = _encrypt("x9.19", key, digits[:8])
    return _encrypt("x9.19", key, _xor(once, digits[8:])).hex().upper().encode()


_ALGORITHMS = {
    "x9.9": _x9_9,
    "x9.19": _x9_19,
    "cup-ecb": _cup_ecb,
    "sm4-cbc": partial(_cbc, "sm4-cbc", 16),
}


def _cipher(algorithm: str, key: bytes) -> SM4 | TripleDES:
    if algorithm == "sm4-cbc":
        return SM4(key)
    # Three equal keys are single DES, and K1 K2 K1 is triple DES with two keys.
    return TripleDES(key * 3 if len(key) == MAC_BYTES else key + key[:8])


def _encrypt(algorithm: str, key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(_cipher(algorithm, key), ECB()).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _blocks(message: bytes, size: int) -> list[bytes]:
    return [message[start : start + size].ljust(size, b"\0") for start in range(0, len(message), size)]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))
