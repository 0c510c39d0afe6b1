"""How a kind of channel is described: its config, which parts of it are secret, and how a form gives them."""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from feiqian.channels.model import Channel, ChannelKind
from feiqian.infra.http import HttpClient
from feiqian.kernel.errors import InvalidRequest

ENDING_SHOWN = 4
ENDING_SHOWN_FROM = 16
"""The last characters of a secret are shown where it is at least so long; of a shorter one they would tell too much."""
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class FieldKind(StrEnum):
    """What a field of credentials holds."""

    TEXT = "text"
    """One line that is no secret: a number, an address."""
    SECRET = "secret"
    """One line that is never shown again."""
    PRIVATE_KEY = "private_key"
    """PEM of a private key: never shown again, only the fingerprint of its public half."""
    PUBLIC_KEY = "public_key"
    """PEM of a public key of the other side."""
    CERTIFICATES = "certificates"
    """PEM of one certificate or of several, one after the other: people are warned before the first expires."""
    ROOT_CERTIFICATES = "root_certificates"
    """PEM of the roots that the other side's certificates lead to, some of which may have expired."""
    PFX = "pfx"
    """Base64 of a PKCS #12 file with a private key and its certificate; only the certificate is shown."""

    @property
    def secret(self) -> bool:
        """Whether it may never leave again."""
        return self in (FieldKind.SECRET, FieldKind.PRIVATE_KEY, FieldKind.PFX)


class CredentialField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form, of the same name as in the config."""

    name: str
    kind: FieldKind
    chinese: str
    english: str
    required: bool = True
    default: str = ""
    opened_by: str = ""
    """The field with the password of a PKCS #12 file."""


class ShownCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate, as people compare and renew it."""

    serial_no: str
    """Hex, upper case."""
    subject: str
    fingerprint: str
    """SHA-256 over its DER, hex."""
    expires_at: datetime


class ShownField(msgspec.Struct, frozen=True, kw_only=True):
    """What may be shown of a field that was given."""

    name: str
    kind: FieldKind
    value: str | None = None
    """Of what is no secret."""
    ending: str | None = None
    """The last characters of a secret."""
    fingerprint: str | None = None
    """SHA-256 over the public key's DER, hex: of a private key its public half."""
    certificates: tuple[ShownCertificate, ...] = ()


class KindDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of channel."""

    kind: ChannelKind
    chinese: str
    english: str
    config: type[msgspec.Struct]
    fields: tuple[CredentialField, ...]
    open: Callable[[Any, HttpClient], Channel]
    """A channel over a config and the house's HTTP client. Raises InvalidRequest naming what is wrong in the config."""
    read: Callable[[Mapping[str, str]], Any]
    """A config from the texts of a form; ``check_texts`` has been through them. Raises InvalidRequest."""

    def config_from_texts(self, texts: Mapping[str, str]) -> msgspec.Struct:
        """The config that a form gives. Raises: InvalidRequest naming the field."""
        known = {field.name for field in self.fields}
        for name in texts:
            if name not in known:
                raise InvalidRequest(field=name, reason="is no field of this kind")
        given = {name: text.strip() for name, text in texts.items() if text.strip()}
        for field in self.fields:
            if field.required and field.name not in given:
                raise InvalidRequest(field=field.name, reason="must be given")
        return self.read(given)

    def encode(self, config: msgspec.Struct) -> bytes:
        """A config as it is sealed."""
        return msgspec.json.encode(config)

    def decode(self, content: bytes) -> msgspec.Struct:
        """A config that was sealed. Raises: msgspec.DecodeError, of which nothing may be logged."""
        return msgspec.json.decode(content, type=self.config)

    def show(self, config: msgspec.Struct) -> list[ShownField]:
        """What may be shown of a config. Raises: InvalidRequest naming a key or certificate that cannot be read."""
        shown = [_show(field, config) for field in self.fields]
        return [field for field in shown if field is not None]

    def secrets(self, config: msgspec.Struct) -> list[str]:
        """The texts that may stand nowhere in the clear."""
        values = [getattr(config, field.name) for field in self.fields if field.kind.secret]
        return [str(value) for value in values if value]


def _show(field: CredentialField, config: msgspec.Struct) -> ShownField | None:
    value = getattr(config, field.name)
    if value in (None, "", {}, ()):
        return None
    try:
        return _shown(field, value, config)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # Not the reader's own words: they may quote what was given.
        raise InvalidRequest(field=field.name, reason="cannot be read as a key or certificate") from error


def _shown(field: CredentialField, value: Any, config: msgspec.Struct) -> ShownField:
    shown = ShownField(name=field.name, kind=field.kind)
    match field.kind:
        case FieldKind.TEXT:
            return msgspec.structs.replace(shown, value=str(value))
        case FieldKind.SECRET:
            ending = str(value)[-ENDING_SHOWN:] if len(str(value)) >= ENDING_SHOWN_FROM else None
            return msgspec.structs.replace(shown, ending=ending)
        case FieldKind.PRIVATE_KEY:
            return msgspec.structs.replace(shown, fingerprint=_fingerprint(_private_key(value).public_key()))
        case FieldKind.PUBLIC_KEY:
            return msgspec.structs.replace(shown, fingerprint=_fingerprint(_public_key(value)))
        case FieldKind.PFX:
            password = str(getattr(config, field.opened_by)).encode()
            held = load_pkcs12(base64.b64decode(value, validate=True), password).cert
            if held is None:
                raise ValueError("the file has no certificate")
            return msgspec.structs.replace(shown, certificates=(_certificate(held.certificate),))
        case FieldKind.CERTIFICATES | FieldKind.ROOT_CERTIFICATES:
            pems = value.values() if isinstance(value, Mapping) else split_certificates(str(value))
            return msgspec.structs.replace(
                shown, certificates=tuple(read_certificate(str(pem)) for pem in pems)
            )


def _private_key(text: str) -> Any:
    """From PEM, or from the bare base64 that some channels' tools write."""
    if "-----BEGIN" in text:
        return load_pem_private_key(text.encode(), password=None)
    return load_der_private_key(base64.b64decode("".join(text.split()), validate=True), password=None)


def _public_key(text: str) -> Any:
    """As ``_private_key``; of several the last, which is preferred."""
    if "-----BEGIN" in text:
        last = text[text.rindex("-----BEGIN") :]
        return load_pem_public_key(last.encode())
    return load_der_public_key(base64.b64decode("".join(text.split()), validate=True))


def split_certificates(text: str) -> list[str]:
    """The certificates of a PEM text. Raises: ValueError when there is none."""
    found = _CERTIFICATE.findall(text)
    if not found:
        raise ValueError("no certificate in PEM form")
    return found


def _fingerprint(key: Any) -> str:
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def read_certificate(pem: str) -> ShownCertificate:
    """What is shown of a certificate. Raises: ValueError."""
    return _certificate(x509.load_pem_x509_certificate(pem.encode()))


def _certificate(certificate: x509.Certificate) -> ShownCertificate:
    return ShownCertificate(
        serial_no=f"{certificate.serial_number:X}",
        subject=certificate.subject.rfc4514_string(),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        expires_at=certificate.not_valid_after_utc,
    )


class _Checking(Protocol):
    def check(self) -> None: ...


Checked = TypeVar("Checked", bound=_Checking)


def plain_reader(config: type[Checked]) -> Callable[[Mapping[str, str]], Checked]:
    """For a config whose fields are texts, numbers and switches under the form's names, and that checks itself."""

    def read(texts: Mapping[str, str]) -> Checked:
        try:
            made = msgspec.convert(dict(texts), config, strict=False)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `$.")
            raise InvalidRequest(field=place.strip("`") or "credentials", reason=reason) from error
        made.check()
        return made

    return read
