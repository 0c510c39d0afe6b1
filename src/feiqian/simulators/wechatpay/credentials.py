"""The credential set of one sandbox merchant, made once for each data directory."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import NameOID

from feiqian.simulators.kit import files

CERTIFICATE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
CERTIFICATE_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""Far apart, because a sandbox's clock may tell any year."""


class Credentials(msgspec.Struct, frozen=True):
    """What ``credentials.json`` holds. Keys and certificates are PEM texts."""

    mchid: str
    appid: str
    merchant_serial_no: str
    """The serial of the merchant's API certificate: names the key a request is signed with."""
    merchant_private_key: str
    """The merchant signs its requests with it."""
    merchant_public_key: str
    api_v3_key: str
    """32 characters; encrypts callbacks and certificates."""
    wechatpay_public_key_id: str
    """``PUB_KEY_ID_…``: names the key below in Wechatpay-Serial."""
    wechatpay_public_key: str
    """The merchant verifies answers and callbacks with it."""
    wechatpay_private_key: str
    """WeChat Pay's own; in the file because the sandbox plays both sides."""
    platform_certificate_serial_no: str
    """Names the older way of verifying: the platform certificate."""
    platform_certificate: str
    platform_private_key: str


class KeyRing:
    """The credentials with their keys loaded once."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.mchid = credentials.mchid
        self.appid = credentials.appid
        self.api_v3_key = credentials.api_v3_key.encode()
        merchant_key = load_pem_public_key(credentials.merchant_public_key.encode())
        if not isinstance(merchant_key, RSAPublicKey):
            raise TypeError("the merchant's key must be RSA")
        self.merchant_key = merchant_key
        self.default_serial = credentials.wechatpay_public_key_id
        self._signers = {
            credentials.wechatpay_public_key_id: _private_key(credentials.wechatpay_private_key),
            credentials.platform_certificate_serial_no: _private_key(credentials.platform_private_key),
        }

    def signer(self, serial: str) -> RSAPrivateKey | None:
        """The private key behind a Wechatpay-Serial, or None when there is none of that name."""
        return self._signers.get(serial)


def load_or_create(directory: Path, now: datetime) -> Credentials:
    """The credentials in ``directory/credentials.json``; a new set, readable by its owner only, the first time."""
    return files.load_or_create(directory / "credentials.json", Credentials, lambda: create(now))


def create(now: datetime) -> Credentials:
    """A new merchant with new keys."""
    merchant_key, wechatpay_key, platform_key = (generate_private_key(65537, 2048) for _ in range(3))
    platform_serial = x509.random_serial_number()
    mchid = f"19{secrets.randbelow(10**8):08d}"
    return Credentials(
        mchid=mchid,
        appid=f"wx{secrets.token_hex(8)}",
        merchant_serial_no=f"{x509.random_serial_number():040X}",
        merchant_private_key=_private_pem(merchant_key),
        merchant_public_key=_public_pem(merchant_key),
        api_v3_key=secrets.token_hex(16),
        wechatpay_public_key_id=f"PUB_KEY_ID_01{mchid}{now:%Y%m%d}{secrets.randbelow(10**14):014d}",
        wechatpay_public_key=_public_pem(wechatpay_key),
        wechatpay_private_key=_private_pem(wechatpay_key),
        platform_certificate_serial_no=f"{platform_serial:040X}",
        platform_certificate=_certificate(platform_key, platform_serial),
        platform_private_key=_private_pem(platform_key),
    )


def _certificate(key: RSAPrivateKey, serial: int) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Feiqian sandbox of WeChat Pay")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(CERTIFICATE_FROM)
        .not_valid_after(CERTIFICATE_UNTIL)
        .sign(key, SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def _private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _private_key(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("WeChat Pay's keys must be RSA")
    return key
