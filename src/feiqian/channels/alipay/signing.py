"""Alipay's signatures (RSA2), keys and certificates. No I/O.

Source: the official guides on signing and on certificates; alipay/alipay-sdk-python-all, alipay-sdk-java-all.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from feiqian.channels.errors import NoticeFault

SIGN_TYPE = "RSA2"
KEY_BITS_MIN = 2048
"""RSA2 is SHA256 with RSA of at least so many bits."""
UNREADABLE_KEY = (ValueError, TypeError, UnsupportedAlgorithm)
"""What the readers of keys and certificates raise."""
_PADDING = PKCS1v15()
_SHA256 = SHA256()
_RSA_SIGNATURES = "1.2.840.113549.1.1."
"""How the identifiers of signature algorithms with RSA begin: only such roots count in alipay_root_cert_sn."""
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


def signed_text(parameters: Mapping[str, str], *, without: frozenset[str] = frozenset({"sign"})) -> bytes:
    """What is signed: ``name=value`` by name, joined by ``&``, nothing encoded."""
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters.keys() - without)).encode()


class Signer:
    """Signs with the application's private key, parsed once.

    Raises: ValueError, TypeError when it is no RSA private key of at least 2048 bits.
    """

    def __init__(self, private_key: str) -> None:
        self._key = read_private_key(private_key)

    def sign(self, parameters: Mapping[str, str]) -> str:
        """Base64 of the RSA2 signature over all parameters but ``sign`` itself."""
        signature = self._key.sign(signed_text(parameters), _PADDING, _SHA256)
        return base64.b64encode(signature).decode()


class VerifyingKey(msgspec.Struct, frozen=True, kw_only=True):
    """One of the keys with which Alipay may sign."""

    key: RSAPublicKey
    cert_sn: str | None
    """The certificate's SN; None for a bare public key, which Alipay does not name."""


class VerifyingKeys:
    """The keys with which Alipay may sign; the last is tried first."""

    def __init__(self, keys: Sequence[VerifyingKey]) -> None:
        self._keys = tuple(reversed(keys))
        self._by_sn = {each.cert_sn: each.key for each in keys if each.cert_sn is not None}

    @property
    def cert_sns(self) -> tuple[str, ...]:
        """The certificates' SNs; none with bare public keys."""
        return tuple(self._by_sn)

    def fault(self, content: bytes, *, signature: str, cert_sn: str | None) -> NoticeFault | None:
        """Why content is not believed; None when it is. ``cert_sn`` is the certificate that the signer names."""
        if not signature:
            return NoticeFault.HEADER_MISSING
        if cert_sn is not None and self._by_sn:
            if cert_sn not in self._by_sn:
                return NoticeFault.SERIAL_UNKNOWN
            keys = (self._by_sn[cert_sn],)
        else:
            keys = tuple(each.key for each in self._keys)
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return NoticeFault.SIGNATURE_WRONG
        return None if any(_verifies(key, raw, content) for key in keys) else NoticeFault.SIGNATURE_WRONG


def read_private_key(text: str) -> RSAPrivateKey:
    """PEM, or the single line of base64 that Alipay's key tool writes. Raises: ValueError, TypeError."""
    key = (
        load_pem_private_key(text.encode(), None) if _is_pem(text) else load_der_private_key(_der(text), None)
    )
    if not isinstance(key, RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise TypeError(f"must be an RSA private key of at least {KEY_BITS_MIN} bits")
    return key


def read_public_keys(text: str) -> list[RSAPublicKey]:
    """One PEM or several, one after the other, or a single line of base64. Raises: ValueError, TypeError."""
    if _is_pem(text):
        keys = [load_pem_public_key(found.group().encode()) for found in _PEM.finditer(text)]
    else:
        keys = [load_der_public_key(_der(text))]
    readable = [key for key in keys if isinstance(key, RSAPublicKey) and key.key_size >= KEY_BITS_MIN]
    if not readable or len(readable) < len(keys):
        raise TypeError(f"must be RSA public keys of at least {KEY_BITS_MIN} bits")
    return readable


def read_certificates(text: str) -> list[x509.Certificate]:
    """One PEM certificate or several, one after the other. Raises: ValueError."""
    found = [x509.load_pem_x509_certificate(pem.group().encode()) for pem in _PEM.finditer(text)]
    if not found:
        raise ValueError("holds no certificate in PEM form")
    return found


def private_pem(key: RSAPrivateKey) -> str:
    """PKCS #8."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: RSAPublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def cert_sn(certificate: x509.Certificate) -> str:
    """Alipay's SN of a certificate: MD5 over issuer and serial number, not the serial number itself."""
    named = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()


def read_roots(text: str) -> list[x509.Certificate]:
    """The roots that sign with RSA out of Alipay's file of roots.

    That file also holds roots of SM2 and ECDSA, which do not count, and of which some cannot be read.
    Raises: ValueError when there is none.
    """
    roots: list[x509.Certificate] = []
    for pem in _PEM.finditer(text):
        try:
            root = x509.load_pem_x509_certificate(pem.group().encode())
        except ValueError:
            # Alipay's own root of SM2 is not well-formed DER; none that signs with RSA looks like that.
            continue
        if root.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES):
            roots.append(root)
    if not roots:
        raise ValueError("holds no root certificate that signs with RSA")
    return roots


def root_cert_sn(roots: Sequence[x509.Certificate]) -> str:
    """alipay_root_cert_sn: the SNs of the roots that sign with RSA, in the file's order."""
    return "_".join(cert_sn(root) for root in roots)


def signing_certificates(certificates: Sequence[x509.Certificate]) -> list[VerifyingKey]:
    """Alipay's own certificates of a bundle that may hold their issuers too.

    Whoever configures them vouches for them, as for a bare key: in Alipay's own sandbox they lead to no root of its file.
    Raises: ValueError, TypeError when there is none or its key is not RSA.
    """
    issuers = {certificate.issuer for certificate in certificates}
    own = [certificate for certificate in certificates if certificate.subject not in issuers]
    if not own:
        raise ValueError("holds only certificates of issuers")
    return [verifying_key(certificate) for certificate in own]


def verifying_key(certificate: x509.Certificate) -> VerifyingKey:
    """Raises: TypeError when its key is not RSA."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("must be certificates with RSA keys")
    return VerifyingKey(key=key, cert_sn=cert_sn(certificate))


def check_issued(certificate: x509.Certificate, issuers: Sequence[x509.Certificate]) -> None:
    """Show that a downloaded certificate was issued by one of those that we hold, and for Alipay.

    Raises: ValueError.
    """
    if not any(_issued(certificate, issuer) for issuer in issuers):
        raise ValueError(f"certificate {cert_sn(certificate)} was issued by none of those that we hold")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _verifies(key: RSAPublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content, _PADDING, _SHA256)
    except InvalidSignature:
        return False
    return True


def _is_pem(text: str) -> bool:
    return "-----BEGIN" in text


def _der(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)
