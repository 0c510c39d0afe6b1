"""The key that proofs are signed with: Ed25519, in a file that only its owner may read."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

KEY_FILE = "seal-key.pem"
"""In the data directory, where no other file is named."""


class KeyUnusable(Exception):
    """A key file or a key cannot be used; the message says why."""


class SigningKey:
    """Signs proofs."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> bytes:
        """32 bytes, for whoever checks proofs."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def load_key(path: Path, *, make: bool) -> SigningKey:
    """The key in a PEM file; with ``make`` a new one where there is no file.

    Raises: KeyUnusable.
    """
    if make and not path.exists():
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusable(f"The signing key {path} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"The signing key {path} is not an Ed25519 key")
    return SigningKey(key)


def read_public_key(text: str) -> bytes:
    """A public key given as 64 hex digits or as the name of a PEM file.

    Raises: KeyUnusable.
    """
    if len(text) == 64 and all(character in "0123456789abcdefABCDEF" for character in text):
        return bytes.fromhex(text)
    try:
        key = load_pem_public_key(Path(text).read_bytes())
    except (OSError, ValueError) as error:
        raise KeyUnusable(
            f"{text} is neither 64 hex digits nor a PEM file with a public key: {error}"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{text} is not an Ed25519 key")
    return key.public_bytes_raw()


def is_signed(message: bytes, *, signature: bytes, public_key: bytes) -> bool:
    """Whether the owner of the key signed this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # Never readable by others, not even for a moment, and never over a key that another made meanwhile.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
