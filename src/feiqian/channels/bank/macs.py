"""Message authentication codes of socket fronts, and session keys under a master key.

Sources: FIPS PUB 113 and ANSI X9.9; ANSI X9.19 (ISO 9797-1 algorithm 3); UnionPay's terminal specification for the ECB
form; GM/T 0002-2012 for SM4. Blocks are filled up with zeros.
"""

from collections.abc import Callable

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import ECB

DES_BLOCK = 8
SM4_BLOCK = 16
MAC_SIZES = {"x9.9": 8, "x9.19": 8, "cup-ecb": 8, "sm4-cbc": 8}
WRAPPINGS = {"3des-ecb": 16, "sm4-ecb": 16}
"""Ways in which a session key comes, and its size in bytes."""


class KeyRefused(Exception):
    """A session key's check value does not fit it: another master key, or a damaged message."""


def mac(algorithm: str, key: bytes, message: bytes) -> bytes:
    """The eight bytes over a message."""
    return _ALGORITHMS[algorithm](key, message)


def unwrap(wrapping: str, master_key: bytes, wrapped: bytes, *, key_bytes: int, check_bytes: int) -> bytes:
    """The session key behind its wrapped form, whose check value is over zeros. Raises: KeyRefused."""
    if len(wrapped) != key_bytes + check_bytes:
        raise KeyRefused(f"it has {len(wrapped)} bytes")
    cipher = SM4 if wrapping == "sm4-ecb" else _triple
    block = SM4_BLOCK if wrapping == "sm4-ecb" else DES_BLOCK
    decryptor = Cipher(cipher(master_key), ECB()).decryptor()
    key = decryptor.update(wrapped[:key_bytes]) + decryptor.finalize()
    if _encrypt(cipher(key), bytes(block))[:check_bytes] != wrapped[key_bytes:]:
        raise KeyRefused("its check value does not fit")
    return key


def _triple(key: bytes) -> TripleDES:
    """Triple DES with two keys; with one it is single DES."""
    return TripleDES(key * 3 if len(key) == DES_BLOCK else key + key[:DES_BLOCK])


def _encrypt(cipher: CipherAlgorithm, block: bytes) -> bytes:
    encryptor = Cipher(cipher, ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def _decrypt(cipher: CipherAlgorithm, block: bytes) -> bytes:
    decryptor = Cipher(cipher, ECB()).decryptor()
    return decryptor.update(block) + decryptor.finalize()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))


def _blocks(message: bytes, size: int) -> list[bytes]:
    padded = message + bytes(-len(message) % size)
    return [padded[start : start + size] for start in range(0, len(padded), size)]


def _chained(cipher: CipherAlgorithm, message: bytes, size: int) -> bytes:
    state = bytes(size)
    for block in _blocks(message, size):
        state = _encrypt(cipher, _xor(state, block))
    return state


def _x9_9(key: bytes, message: bytes) -> bytes:
    return _chained(_triple(key[:DES_BLOCK]), message, DES_BLOCK)


def _x9_19(key: bytes, message: bytes) -> bytes:
    left, right = _triple(key[:DES_BLOCK]), _triple(key[DES_BLOCK : 2 * DES_BLOCK])
    return _encrypt(left, _decrypt(right, _chained(left, message, DES_BLOCK)))


def _cup_ecb(key: bytes, message: bytes) -> bytes:
    state = bytes(DES_BLOCK)
    for block in _blocks(message, DES_BLOCK):
        state = _xor(state, block)
    text = state.hex().upper().encode()
    encrypted = _encrypt(_triple(key), text[:DES_BLOCK])
    encrypted = _encrypt(_triple(key), _xor(encrypted, text[DES_BLOCK:]))
    return encrypted.hex().upper().encode()[:DES_BLOCK]


def _sm4_cbc(key: bytes, message: bytes) -> bytes:
    return _chained(SM4(key), message, SM4_BLOCK)[:DES_BLOCK]


_ALGORITHMS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "x9.9": _x9_9,
    "x9.19": _x9_19,
    "cup-ecb": _cup_ecb,
    "sm4-cbc": _sm4_cbc,
}
