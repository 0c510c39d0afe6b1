"""The signatures of the open API, and nothing that does I/O.

Source: the open platform's pages on signing requests, on verifying answers and asynchronous notifications, and on
certificate mode; the messages recorded by yansongda/pay are the tests' vectors.
"""

import base64
import hashlib
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

SIGN_TYPE = "RSA2"
"""SHA256 with RSA, the one signature type of new applications."""

_RSA_SIGNATURES = "1.2.840.113549.1.1."
"""How the object identifiers of signatures with RSA begin."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_PADDING = PKCS1v15()
_HASH = SHA256()


def request_message(parameters: Mapping[str, str], charset: str = "utf-8") -> bytes:
    """What an application signs: every parameter that has a value but ``sign``, by name."""
    return _message(parameters, {"sign"}, charset)


def notification_message(parameters: Mapping[str, str], charset: str = "utf-8") -> bytes:
    """What Alipay signs of a notification and of the buyer's return: without ``sign`` and ``sign_type``."""
    return _message(parameters, {"sign", "sign_type"}, charset)


def sign(key: RSAPrivateKey, message: bytes) -> str:
    """SHA256 with RSA, in base64."""
    return base64.b64encode(key.sign(message, _PADDING, _HASH)).decode()


def verify(key: RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether ``signature`` (base64) is the key's over exactly these bytes."""
    try:
        key.verify(base64.b64decode(signature, validate=True), message, _PADDING, _HASH)
    except (InvalidSignature, ValueError):
        return False
    return True


def certificate_sn(certificate: Certificate) -> str:
    """What certificate mode calls a certificate: MD5 over its issuer and its serial number in decimal digits."""
    named = certificate.issuer.rfc4514_string() + str(certificate.serial_number)
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()


def root_certificate_sn(pem: str) -> str:
    """The roots that sign with RSA, joined by ``_``. The real file also holds one of SM2 and one of ECDSA."""
    names: list[str] = []
    for text in _CERTIFICATE.findall(pem):
        try:
            certificate = load_pem_x509_certificate(text.encode())
        except ValueError:
            continue  # an SM2 certificate, whose algorithm has no parameters
        if certificate.signature_algorithm_oid.dotted_string.startswith(_RSA_SIGNATURES):
            names.append(certificate_sn(certificate))
    return "_".join(names)


def _message(parameters: Mapping[str, str], without: set[str], charset: str) -> bytes:
    given = sorted((name, value) for name, value in parameters.items() if value and name not in without)
    return "&".join(f"{name}={value}" for name, value in given).encode(charset, "replace")
