"""Signatures and sealed content of WeChat Pay API v3. No I/O.

Source: the official signing guide (WECHATPAY2-SHA256-RSA2048, AEAD_AES_256_GCM).
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from feiqian.channels.errors import NoticeFault

SCHEME = "WECHATPAY2-SHA256-RSA2048"
SKEW_MAX_S = 300
"""A signature further than this from now is refused, so that nothing recorded can be replayed later."""
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
"""WeChat Pay sends such signatures now and then, to see whether they are refused."""
_SEALED_WITH = "AEAD_AES_256_GCM"
_PADDING = PKCS1v15()
_SHA256 = SHA256()
_SENSITIVE = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)
"""How sensitive fields are encrypted: RSAES-OAEP, with SHA-1 as the guide wants it."""


class Sealed(msgspec.Struct, frozen=True):
    """Content encrypted with the merchant's APIv3 key, as it stands in callbacks and certificate lists."""

    algorithm: str
    nonce: str
    ciphertext: str
    """Base64 of the ciphertext and its 16-byte tag."""
    associated_data: str | None = None


class Signer:
    """Signs requests with the merchant's private key, parsed once.

    Raises: ValueError, TypeError when the PEM holds no RSA private key.
    """

    def __init__(self, *, mchid: str, serial_no: str, private_key_pem: str) -> None:
        key = load_pem_private_key(private_key_pem.encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("must be an RSA private key")
        self._key = key
        self._head = f'{SCHEME} mchid="{mchid}",serial_no="{serial_no}",nonce_str="'

    def sign(self, message: bytes) -> str:
        """Base64 of the RSA signature over the SHA-256 of the message."""
        return base64.b64encode(self._key.sign(message, _PADDING, _SHA256)).decode()

    def sign_lines(self, *lines: str) -> str:
        """What lets the buyer's app open a payment: a signature over lines, each of which ends with a line feed."""
        return self.sign("".join(f"{line}\n" for line in lines).encode())

    def authorization(self, *, method: str, target: str, body: bytes, nonce: str, now: datetime) -> str:
        """The Authorization header for a request; ``target`` is the path and query exactly as sent."""
        timestamp = int(now.timestamp())
        signature = self.sign(f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n")
        return f'{self._head}{nonce}",timestamp="{timestamp}",signature="{signature}"'


class VerifyingKeys:
    """The public keys with which WeChat Pay may sign, by the serial that it names; the last is preferred."""

    def __init__(self, keys: Mapping[str, RSAPublicKey]) -> None:
        self._keys = dict(keys)
        self.preferred = tuple(self._keys)[-1]
        """With this one WeChat Pay is asked to sign its answers, and for this one sensitive fields are encrypted."""

    @property
    def serials(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def encrypt(self, text: str) -> str:
        """Base64 of a sensitive field that only WeChat Pay can read, with the key that is preferred."""
        return base64.b64encode(self._keys[self.preferred].encrypt(text.encode(), _SENSITIVE)).decode()

    def fault(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> NoticeFault | None:
        """Why an answer or callback is not believed; None when it is. Header names in any case."""
        found = {name.lower(): value for name, value in headers.items()}
        signature = found.get("wechatpay-signature", "")
        if signature.startswith(PROBE_PREFIX):
            return NoticeFault.PROBE
        timestamp = found.get("wechatpay-timestamp", "")
        nonce = found.get("wechatpay-nonce", "")
        serial = found.get("wechatpay-serial", "")
        if not (signature and nonce and serial and timestamp.isascii() and timestamp.isdigit()):
            return NoticeFault.HEADER_MISSING
        if len(timestamp) > 12 or abs(now.timestamp() - int(timestamp)) > SKEW_MAX_S:
            return NoticeFault.STALE
        key = self._keys.get(serial)
        if key is None:
            return NoticeFault.SERIAL_UNKNOWN
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw, f"{timestamp}\n{nonce}\n".encode() + body + b"\n", _PADDING, _SHA256)
        except (binascii.Error, ValueError, InvalidSignature):
            return NoticeFault.SIGNATURE_WRONG
        return None


def read_public_key(pem: str) -> RSAPublicKey:
    """The WeChat Pay public key. Raises: ValueError, TypeError."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError("must be an RSA public key")
    return key


def read_certificate(pem: str, serial_no: str) -> RSAPublicKey:
    """The key of the platform certificate with that serial. Raises: ValueError, TypeError."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("must be a certificate with an RSA key")
    if certificate.serial_number != int(serial_no, 16):
        raise ValueError(f"is certificate {certificate.serial_number:X}, not {serial_no}")
    return key


def open_sealed(sealed: Sealed, key: AESGCM) -> bytes:
    """The plaintext.

    Raises: ValueError when the algorithm is another one, or key, nonce or content do not fit together.
    """
    if sealed.algorithm != _SEALED_WITH:
        raise ValueError(f"sealed with {sealed.algorithm}, not {_SEALED_WITH}")
    try:
        raw = base64.b64decode(sealed.ciphertext, validate=True)
        return key.decrypt(sealed.nonce.encode(), raw, (sealed.associated_data or "").encode())
    except InvalidTag as error:
        raise ValueError("the key does not open it") from error
