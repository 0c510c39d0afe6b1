"""The signatures and the encryption of API v3, and nothing that does I/O.

Source: the merchant documentation's pages on signing requests, on verifying answers and callbacks, and on
decrypting callbacks and certificates; the examples of wechatpay-go are the tests' vectors.
"""

import base64
import re
import secrets

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

SCHEME = "WECHATPAY2-SHA256-RSA2048"
"""The one authorization scheme and signature type of RSA merchants."""

AEAD = "AEAD_AES_256_GCM"

_PADDING = PKCS1v15()
_HASH = SHA256()
_OAEP = OAEP(mgf=MGF1(algorithm=SHA1()), algorithm=SHA1(), label=None)  # the channel's choice
_PART = re.compile(r'(\w+)="([^"]*)"')


class Authorization(msgspec.Struct, frozen=True):
    """The parts of a request's Authorization header."""

    mchid: str
    serial_no: str
    nonce_str: str
    timestamp: str
    """Seconds since 1970, as the merchant wrote it: the signature covers these characters."""
    signature: str


def parse_authorization(header: str) -> Authorization | None:
    """The parts of the header, or None when the scheme or a part is missing."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        return None
    parts = dict(_PART.findall(rest))
    try:
        return msgspec.convert(parts, Authorization)
    except msgspec.ValidationError:
        return None


def request_message(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a merchant signs. ``target`` is the path with its query, exactly as sent."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What WeChat Pay signs: an answer or a callback."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def invocation_message(appid: str, timestamp: str, nonce: str, last: str) -> bytes:
    """What a merchant signs for its client. ``last``: ``prepay_id=…`` for JSAPI, the bare prepay_id for APP."""
    return f"{appid}\n{timestamp}\n{nonce}\n{last}\n".encode()


def decrypt(key: RSAPrivateKey, ciphertext: str) -> str:
    """A sensitive field: RSAES-OAEP with SHA-1, in base64. Raises: ValueError."""
    return key.decrypt(base64.b64decode(ciphertext, validate=True), _OAEP).decode()


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


def seal(key: bytes, nonce: str, associated_data: str, plaintext: bytes) -> str:
    """AES-GCM under the APIv3 key; base64 of the ciphertext with its tag."""
    return base64.b64encode(AESGCM(key).encrypt(nonce.encode(), plaintext, associated_data.encode())).decode()


def unseal(key: bytes, nonce: str, associated_data: str, ciphertext: str) -> bytes:
    """The plaintext. Raises: cryptography.exceptions.InvalidTag when key, data or text were altered."""
    return AESGCM(key).decrypt(nonce.encode(), base64.b64decode(ciphertext), associated_data.encode())


def new_nonce(length: int = 32) -> str:
    """Random hexadecimal digits: 32 for signatures, 12 for AES-GCM."""
    return secrets.token_hex(length // 2)


class NonceMemory:
    """Remembers the latest nonces, so that a request heard once is not accepted again.

    Bounded by count, because a standing clock never makes anything old.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._seen: dict[str, None] = {}

    def is_new(self, nonce: str) -> bool:
        """True the first time; remembers it."""
        if nonce in self._seen:
            return False
        if len(self._seen) >= self._size:
            del self._seen[next(iter(self._seen))]
        self._seen[nonce] = None
        return True
