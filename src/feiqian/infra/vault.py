"""Secrets at rest: envelope encryption with AES-256-GCM.

Each secret has a data key of its own; the data key is wrapped with a master key that never enters the database. What a
secret belongs to is authenticated with it, so a row's ciphertext opens in that row only. Changing the master key wraps
the data keys anew and leaves the secrets as they are.

The key file holds one master key a line, 32 bytes in base64, the current one first; the others still open what was
wrapped with them.
"""

import base64
import binascii
import hashlib
import os
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_FILE = "vault.key"
"""In the data directory, where no other file is named."""
KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = 1


class VaultKeyUnusable(Exception):
    """The file of master keys cannot be used; the message says why."""


class SecretUnreadable(Exception):
    """A secret does not open; the message says why, and never what is in it."""


class _Envelope(msgspec.Struct, frozen=True, array_like=True):
    """What is stored of a secret."""

    format: int
    key_id: str
    """Which master key wraps the data key."""
    wrapping_nonce: bytes
    wrapped_key: bytes
    nonce: bytes
    ciphertext: bytes


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(_Envelope)


class Vault:
    """Seals and opens secrets with the master keys of a file, which is read again when a key is not known yet."""

    def __init__(self, path: Path) -> None:
        """Raises: VaultKeyUnusable."""
        self._path = path
        self._keys = _read(path)

    def __repr__(self) -> str:
        return f"Vault({str(self._path)!r}, current={self.current!r})"

    @property
    def current(self) -> str:
        """The id of the master key that new secrets are wrapped with."""
        return next(iter(self._keys))

    def seal(self, secret: bytes, *, bound_to: str) -> bytes:
        """Encrypt a secret for one place: it opens only with the same ``bound_to``."""
        data_key = AESGCM.generate_key(bit_length=256)
        nonce = os.urandom(_NONCE_BYTES)
        return self._wrap(
            data_key, nonce, AESGCM(data_key).encrypt(nonce, secret, bound_to.encode()), bound_to
        )

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The secret. Raises: SecretUnreadable."""
        envelope = _envelope(sealed)
        return _decrypt(
            self._data_key(envelope, bound_to), envelope.nonce, envelope.ciphertext, bound_to.encode()
        )

    def rewrap(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The same secret under the current master key. Raises: SecretUnreadable."""
        envelope = _envelope(sealed)
        data_key = self._data_key(envelope, bound_to)
        # Whoever changes keys wants to hear now that a row has been changed, not when it is next used.
        _decrypt(data_key, envelope.nonce, envelope.ciphertext, bound_to.encode())
        return self._wrap(data_key, envelope.nonce, envelope.ciphertext, bound_to)

    def add_key(self) -> str:
        """Make a new master key, first in the file; those before stay. Returns its id.

        Raises: VaultKeyUnusable.
        """
        keys = [secrets.token_bytes(KEY_BYTES), *_read(self._path).values()]
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            _write(new, keys)
            new.replace(self._path)
        except OSError as error:
            raise VaultKeyUnusable(f"The key file {self._path} cannot be replaced: {error}") from error
        self._keys = _read(self._path)
        return self.current

    def _wrap(self, data_key: bytes, nonce: bytes, ciphertext: bytes, bound_to: str) -> bytes:
        wrapping_nonce = os.urandom(_NONCE_BYTES)
        master = AESGCM(self._keys[self.current])
        wrapped = master.encrypt(wrapping_nonce, data_key, _wrapping_for(self.current, bound_to))
        return _encode(_Envelope(_FORMAT, self.current, wrapping_nonce, wrapped, nonce, ciphertext))

    def _data_key(self, envelope: _Envelope, bound_to: str) -> bytes:
        if envelope.key_id not in self._keys:
            self._keys = _read(self._path)
        master = self._keys.get(envelope.key_id)
        if master is None:
            raise SecretUnreadable(
                f"The secret is wrapped with master key {envelope.key_id}, which is not in {self._path}."
            )
        return _decrypt(
            master,
            envelope.wrapping_nonce,
            envelope.wrapped_key,
            _wrapping_for(envelope.key_id, bound_to),
        )


def open_vault(*, key_file: Path | None, data_dir: Path) -> Vault:
    """The vault over the named key file; without a name over the one in the data directory, made at first use.

    Raises: VaultKeyUnusable.
    """
    path = key_file or data_dir / KEY_FILE
    if key_file is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _make(path)
    return Vault(path)


def key_id_of(sealed: bytes) -> str:
    """Which master key a sealed secret is wrapped with. Raises: SecretUnreadable."""
    return _envelope(sealed).key_id


def _make(path: Path) -> None:
    """A first key; of two processes that make one at once, the second takes the first's."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        _write(draft, [secrets.token_bytes(KEY_BYTES)])
        try:
            # A link appears whole or not at all, and never over a key that another made meanwhile.
            os.link(draft, path)
        except FileExistsError:
            return
    except OSError as error:
        raise VaultKeyUnusable(f"The key file {path} cannot be made: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _write(path: Path, keys: list[bytes]) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(b"".join(base64.b64encode(key) + b"\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> dict[str, bytes]:
    """Id -> key, the current one first."""
    try:
        mode = path.stat().st_mode
        lines = path.read_text(encoding="ascii").split()
    except (OSError, UnicodeDecodeError) as error:
        raise VaultKeyUnusable(f"The key file {path} cannot be read: {error}") from error
    if mode & 0o007:
        raise VaultKeyUnusable(f"The key file {path} may be read by others: run chmod 600 on it")
    keys = [_key(line, path) for line in lines]
    if not keys:
        raise VaultKeyUnusable(f"The key file {path} is empty")
    return {_key_id(key): key for key in keys}


def _key(line: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultKeyUnusable(f"The key file {path} must have {KEY_BYTES} bytes in base64 on each line")
    return key


def _key_id(key: bytes) -> str:
    """A name that follows from the key, so that a key can never go under another's name."""
    return hashlib.sha256(b"feiqian vault key id" + key).hexdigest()[:16]


def _wrapping_for(key_id: str, bound_to: str) -> bytes:
    return f"data key\x1f{key_id}\x1f{bound_to}".encode()


def _envelope(sealed: bytes) -> _Envelope:
    try:
        envelope = _decoder.decode(sealed)
    except msgspec.MsgspecError as error:
        raise SecretUnreadable("The stored secret is not in the vault's form.") from error
    if envelope.format != _FORMAT:
        raise SecretUnreadable(f"The stored secret is in form {envelope.format}, which is not known here.")
    return envelope


def _decrypt(key: bytes, nonce: bytes, ciphertext: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, bound_to)
    except (InvalidTag, ValueError) as error:
        raise SecretUnreadable("The stored secret was changed, or belongs to another row.") from error
