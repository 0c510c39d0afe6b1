"""Files that only their owner may read, and links that expire."""

import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

Kept = TypeVar("Kept", bound=msgspec.Struct)


def keep(path: Path, value: msgspec.Struct) -> None:
    """Write ``value`` as JSON, readable by its owner only, whole or not at all."""
    unfinished = path.with_name(f".{path.stem}-{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(value)))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load_or_create(path: Path, kind: type[Kept], create: Callable[[], Kept]) -> Kept:
    """What ``path`` holds, such as credentials.json; made and kept the first time."""
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=kind)
    created = create()
    keep(path, created)
    return created


def token(key: bytes, name: str, until_ms: int) -> str:
    """For a download link: names a file and until when; sealed with ``key``, so that it needs no memory."""
    content = msgspec.json.encode([name, until_ms]).hex()
    return f"{content}.{_seal(key, content)}"


def named_by(key: bytes, token: str, now_ms: int) -> str | None:
    """The name in a token, or None when it is not ours or its time is over."""
    content, _, seal = token.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _seal(key, content).encode()):
        return None
    name, until_ms = msgspec.json.decode(bytes.fromhex(content), type=tuple[str, int])
    return name if now_ms <= until_ms else None


def _seal(key: bytes, content: str) -> str:
    return hmac.new(key, content.encode(), "sha256").hexdigest()
