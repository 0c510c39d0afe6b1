"""The signature of version 5.1.0 with certificates (signMethod 01), and what is encrypted. No I/O.

Source: python-unionpay's ``SDKUtil`` and its tests, which are this simulator's vectors: the fields' link string, its
SHA-256 in hexadecimal, and SHA-256 with RSA over these 64 characters.
"""

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from feiqian.simulators.unionpay.messages import SIGNATURE, Fields, link_string

VERSION = "5.1.0"
SIGN_METHOD = "01"
"""RSA with certificates; 11 and 12 are keyed digests, which this sandbox does not have."""

_PADDING = PKCS1v15()
_HASH = SHA256()


def digest(fields: Fields) -> bytes:
    """The 64 characters that are signed."""
    return hashlib.sha256(link_string(fields).encode()).hexdigest().encode()


def sign(key: RSAPrivateKey, fields: Fields) -> str:
    """The signature over the fields, in base64."""
    return base64.b64encode(key.sign(digest(fields), _PADDING, _HASH)).decode()


def verify(key: RSAPublicKey, fields: Fields) -> bool:
    """Whether the field ``signature`` is the key's over exactly the other fields."""
    try:
        key.verify(
            base64.b64decode(fields.get(SIGNATURE, ""), validate=True), digest(fields), _PADDING, _HASH
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def decrypt(key: RSAPrivateKey, text: str) -> str:
    """A sensitive value (card number, identity) that was encrypted with our certificate.

    Raises: ValueError when it is not ours.
    """
    return key.decrypt(base64.b64decode(text, validate=True), _PADDING).decode()
