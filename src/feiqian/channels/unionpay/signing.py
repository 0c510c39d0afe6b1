"""Signatures of UnionPay's online gateway 5.1.0, and the chain of the certificates that come with them. No I/O.

A message is its fields as ``name=value`` in the order of their names, joined by ``&``; what is signed is the hex of
that text's SHA-256, by SHA-256 with RSA. A request names our certificate by ``certId``; an answer or notice carries
UnionPay's in ``signPubKeyCert``. Source: UnionPay's SDK as published in playniuniu/python-unionpay.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import pkcs12

from feiqian.channels.errors import NoticeFault

SIGNATURE = "signature"
CERTIFICATE = "signPubKeyCert"
_PADDING = PKCS1v15()
_SHA256 = hashes.SHA256()
_CHAIN_HASHES = (hashes.SHA1, hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""CFCA signs the chain of UnionPay's test environment with SHA-1 to this day."""
_SIGNERS_MAX = 16
"""Certificates remembered: UnionPay signs with one, and with two around a rotation."""


def link_string(fields: Mapping[str, str]) -> str:
    """The text that a signature covers: every field but the signature."""
    return "&".join(f"{name}={fields[name]}" for name in sorted(fields) if name != SIGNATURE)


def _digest(fields: Mapping[str, str]) -> bytes:
    return hashlib.sha256(link_string(fields).encode()).hexdigest().encode()


class Signer:
    """Signs requests with the merchant's key."""

    def __init__(self, *, key: RSAPrivateKey, cert_id: str) -> None:
        self._key = key
        self.cert_id = cert_id
        """Serial of the merchant's certificate, decimal."""

    def signed(self, fields: Mapping[str, str]) -> dict[str, str]:
        """The fields that are not empty, with ``certId`` and ``signature``."""
        complete = {name: value for name, value in fields.items() if value} | {"certId": self.cert_id}
        signature = self._key.sign(_digest(complete), _PADDING, _SHA256)
        return complete | {SIGNATURE: base64.b64encode(signature).decode()}


def read_pfx(content_base64: str, password: str) -> Signer:
    """The signer in a merchant's PKCS #12 file. Raises: ValueError, TypeError."""
    content = base64.b64decode(content_base64, validate=True)
    key, certificate, _ = pkcs12.load_key_and_certificates(content, password.encode())
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise TypeError("must hold an RSA private key and its certificate")
    return Signer(key=key, cert_id=str(certificate.serial_number))


def read_certificate(pem: str) -> tuple[x509.Certificate, RSAPublicKey]:
    """A certificate and its key. Raises: ValueError, TypeError."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("must be a certificate with an RSA key")
    return certificate, key


class Chain:
    """UnionPay's certificates: those that sign, under the middle one, under the root.

    Raises: ValueError, TypeError when the root did not sign itself or the middle one is not the root's.
    """

    def __init__(self, *, root: x509.Certificate, middle: x509.Certificate, signer_name: str) -> None:
        """``signer_name``: the third part of the common name of every certificate that may sign."""
        self._root = root
        self._middle = middle
        self._signer_name = signer_name
        self._known: dict[str, tuple[x509.Certificate, RSAPublicKey]] = {}
        check_issued(root, root)
        check_issued(middle, root)

    def fault(self, fields: Mapping[str, str], *, now: datetime) -> NoticeFault | None:
        """Why an answer or notice is not believed; None when it is."""
        pem, signature = fields.get(CERTIFICATE), fields.get(SIGNATURE)
        if not pem or not signature:
            return NoticeFault.HEADER_MISSING
        try:
            key = self._key_of(pem, now)
        except (ValueError, TypeError):
            return NoticeFault.SERIAL_UNKNOWN
        try:
            key.verify(base64.b64decode(signature, validate=True), _digest(fields), _PADDING, _SHA256)
        except (binascii.Error, ValueError, InvalidSignature):
            return NoticeFault.SIGNATURE_WRONG
        return None

    def _key_of(self, pem: str, now: datetime) -> RSAPublicKey:
        """The key of a certificate that may sign now. Raises: ValueError, TypeError."""
        if pem not in self._known:
            certificate, key = read_certificate(pem)
            check_issued(certificate, self._middle)
            if signer_name_of(certificate) != self._signer_name:
                raise ValueError("is not a certificate with which UnionPay signs")
            if len(self._known) >= _SIGNERS_MAX:
                self._known.clear()
            self._known[pem] = certificate, key
        certificate, key = self._known[pem]
        for each in (certificate, self._middle, self._root):
            if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
                raise ValueError("is not valid at this time")
        return key


def signer_name_of(certificate: x509.Certificate) -> str:
    """Who signs, of a common name ``041@number@name@number``; empty when it has another form."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    parts = str(names[0].value).split("@") if names else []
    return parts[2] if len(parts) == 4 else ""


def check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Raises: ValueError, TypeError unless the issuer's key signed the certificate.

    ``verify_directly_issued_by`` would refuse a chain under SHA-1, which is what the test environment has.
    """
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if certificate.issuer != issuer.subject:
        raise ValueError("is not issued by the certificate above it")
    if not isinstance(key, RSAPublicKey) or not isinstance(algorithm, _CHAIN_HASHES):
        raise TypeError("is signed by an algorithm that UnionPay does not use")
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, _PADDING, algorithm)
    except InvalidSignature as error:
        raise ValueError("is not signed by the certificate above it") from error


def encrypted(text: str, key: RSAPublicKey) -> str:
    """A sensitive value, such as an account number, as only UnionPay can read it."""
    return base64.b64encode(key.encrypt(text.encode(), _PADDING)).decode()
