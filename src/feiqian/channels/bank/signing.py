"""Detached signatures in headers: ours on what we send, the bank's on answers and notices."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import Certificate, load_pem_x509_certificates

from feiqian.channels.bank.forms import Signature
from feiqian.channels.bank.templates import Values, fill, fill_bytes
from feiqian.channels.errors import NoticeFault

UNREADABLE_KEY = (ValueError, TypeError, UnsupportedAlgorithm)
_RSA_BITS_MIN = 2048

_SCHEMES: Mapping[str, tuple[Callable[[], AsymmetricPadding], HashAlgorithm]] = {
    "rsa-sha256": (PKCS1v15, SHA256()),
    "rsa-sha512": (PKCS1v15, SHA512()),
    "rsa-pss-sha256": (lambda: PSS(MGF1(SHA256()), PSS.DIGEST_LENGTH), SHA256()),
}


class BankKey(msgspec.Struct, frozen=True):
    """A certificate with which the bank may sign."""

    serial_no: str
    """Hexadecimal, upper case."""
    certificate: Certificate


def serial_of(certificate: Certificate) -> str:
    """The serial as banks write it: hexadecimal, upper case."""
    return f"{certificate.serial_number:X}"


def read_private_key(pem: str) -> RSAPrivateKey:
    """Raises: one of UNREADABLE_KEY."""
    key = load_pem_private_key(pem.encode(), None)
    if not isinstance(key, RSAPrivateKey) or key.key_size < _RSA_BITS_MIN:
        raise ValueError(f"must be an RSA key of at least {_RSA_BITS_MIN} bits")
    return key


def read_certificates(pems: str) -> list[Certificate]:
    """Those with RSA keys of PEMs one after the other. Raises: one of UNREADABLE_KEY."""
    found = load_pem_x509_certificates(pems.encode())
    for certificate in found:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < _RSA_BITS_MIN:
            raise ValueError(f"must have an RSA key of at least {_RSA_BITS_MIN} bits")
    return found


class Signer:
    """Signs what we send."""

    def __init__(self, form: Signature, private_key: RSAPrivateKey) -> None:
        self._form = form
        self._key = private_key

    def headers(self, *, values: Values, body: bytes, now: datetime) -> dict[str, str]:
        """The headers of one request; ``values`` has customer, serial, method and target."""
        known = {**values, "timestamp": str(int(now.timestamp()))}
        message = fill_bytes(
            self._form.request, {**{name: text.encode() for name, text in known.items()}, "body": body}
        )
        padding, digest = _SCHEMES[self._form.algorithm]
        known["signature"] = base64.b64encode(self._key.sign(message, padding(), digest)).decode()
        return {name: fill(template, known) for name, template in self._form.request_headers.items()}


class Verifier:
    """Believes what the bank signed."""

    def __init__(self, form: Signature, keys: Sequence[BankKey]) -> None:
        self._form = form
        self._keys = list(keys)

    @property
    def subjects(self) -> set[bytes]:
        """Whose certificates are known."""
        return {key.certificate.subject.public_bytes() for key in self._keys}

    def add(self, key: BankKey) -> None:
        """Believe one more certificate."""
        self._keys.append(key)

    def serial(self, headers: Mapping[str, str]) -> str:
        """The certificate that a message names; empty where the profile knows no such header."""
        return (
            _header(headers, self._form.serial_header).upper().lstrip("0") if self._form.serial_header else ""
        )

    def fault(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> NoticeFault | None:
        """Why a message is not believed; None when it is the bank's, and of now."""
        timestamp = _header(headers, self._form.timestamp_header)
        signature = _header(headers, self._form.signature_header)
        if not timestamp.isdecimal() or len(timestamp) > 12 or not signature:
            return NoticeFault.HEADER_MISSING
        if abs(int(timestamp) - now.timestamp()) > self._form.skew_s:
            return NoticeFault.STALE
        serial = self.serial(headers)
        keys = [key for key in self._keys if not self._form.serial_header or key.serial_no == serial]
        if not keys:
            return NoticeFault.SERIAL_UNKNOWN
        message = fill_bytes(self._form.answer, {"timestamp": timestamp.encode(), "body": body})
        if any(self._holds(key, signature, message, now) for key in keys):
            return None
        return NoticeFault.SIGNATURE_WRONG

    def _holds(self, key: BankKey, signature: str, message: bytes, now: datetime) -> bool:
        certificate = key.certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            return False
        public = certificate.public_key()
        assert isinstance(public, RSAPublicKey), "only certificates with RSA keys are read"
        padding, digest = _SCHEMES[self._form.algorithm]
        try:
            public.verify(base64.b64decode(signature, validate=True), message, padding(), digest)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header without regard to case."""
    wanted = name.lower()
    return next((value.strip() for each, value in headers.items() if each.lower() == wanted), "")
