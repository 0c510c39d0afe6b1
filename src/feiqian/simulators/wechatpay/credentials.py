"""The credential set of one sandbox merchant, made once for each data directory."""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

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
from feiqian.simulators.wechatpay.answers import Refused, parameter_error
from feiqian.simulators.wechatpay.signing import decrypt

CERTIFICATE_FROM = datetime(2000, 1, 1, tzinfo=UTC)
CERTIFICATE_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
"""Far apart, because a sandbox's clock may tell any year."""

KeyKind = Literal["public_key", "platform_certificate"]
"""The two ways in which a merchant verifies: WeChat Pay's public key, or the older platform certificates."""


class PlatformKey(msgspec.Struct, frozen=True):
    """A key of WeChat Pay's besides the first of its kind: announced, in use, or retired."""

    kind: KeyKind
    serial: str
    """``PUB_KEY_ID_…``, or the certificate's serial number."""
    public: str
    """PEM of the public key or of the certificate."""
    private: str


class SubMerchant(msgspec.Struct, frozen=True):
    """A merchant behind the service provider."""

    sub_mchid: str
    sub_appid: str
    name: str


class Credentials(msgspec.Struct, frozen=True):
    """What ``credentials.json`` holds. Keys and certificates are PEM texts."""

    mchid: str
    """A direct merchant, which is a service provider too: sp_mchid."""
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
    sub_merchants: tuple[SubMerchant, ...] = ()
    later_keys: tuple[PlatformKey, ...] = ()
    """Keys that rotations brought, oldest first."""
    used: dict[KeyKind, str] = {}
    """By kind: the serial that signs, once it is no longer the first."""
    retired: tuple[str, ...] = ()
    """Serials that are no longer known."""


class KeyRing:
    """The credentials with their keys loaded once."""

    def __init__(self, credentials: Credentials) -> None:
        self.mchid = credentials.mchid
        self.appid = credentials.appid
        self.api_v3_key = credentials.api_v3_key.encode()
        merchant_key = load_pem_public_key(credentials.merchant_public_key.encode())
        if not isinstance(merchant_key, RSAPublicKey):
            raise TypeError("the merchant's key must be RSA")
        self.merchant_key = merchant_key
        self.take(credentials)

    def take(self, credentials: Credentials) -> None:
        """Use WeChat Pay's keys as the credentials have them now."""
        self.credentials = credentials
        first = (
            PlatformKey(
                "public_key",
                credentials.wechatpay_public_key_id,
                credentials.wechatpay_public_key,
                credentials.wechatpay_private_key,
            ),
            PlatformKey(
                "platform_certificate",
                credentials.platform_certificate_serial_no,
                credentials.platform_certificate,
                credentials.platform_private_key,
            ),
        )
        every = (*first, *credentials.later_keys)
        self.known = [key for key in every if key.serial not in credentials.retired]
        self._kinds: dict[str, KeyKind] = {key.serial: key.kind for key in every}
        self._signers = {key.serial: _private_key(key.private) for key in self.known}
        self._used = {key.kind: key.serial for key in first} | credentials.used
        self.default_serial = self._used["public_key"]

    def signer(self, serial: str) -> RSAPrivateKey | None:
        """The private key behind a Wechatpay-Serial, or None when there is none of that name."""
        return self._signers.get(serial)

    def present(self, serial: str) -> str:
        """The serial that signs now for a merchant that last named this one: rotations replace it by its successor."""
        return self._used[self._kinds.get(serial, "public_key")]

    def decrypted(self, serial: str, field: str, ciphertext: str) -> str:
        """A sensitive field that was encrypted with the key of ``serial``. Raises: Refused PARAM_ERROR."""
        try:
            return decrypt(self._signers[serial], ciphertext)
        except ValueError as error:
            raise parameter_error(field, "cannot be decrypted with the key of Wechatpay-Serial") from error

    def check_sub_merchant(self, sub_mchid: str, sub_appid: str) -> None:
        """The merchant must be behind this service provider. Raises: Refused."""
        for merchant in self.credentials.sub_merchants:
            if merchant.sub_mchid == sub_mchid:
                if sub_appid not in ("", merchant.sub_appid):
                    raise Refused(400, "APPID_MCHID_NOT_MATCH", "sub_mchid与sub_appid不匹配")
                return
        raise Refused(403, "NO_AUTH", "特约商户未授权给该服务商")


def load_or_create(directory: Path, now: datetime) -> Credentials:
    """The credentials in ``directory/credentials.json``; a new set, readable by its owner only, the first time."""
    return files.load_or_create(directory / "credentials.json", Credentials, lambda: create(now))


def create(now: datetime) -> Credentials:
    """A new merchant with new keys."""
    merchant_key = generate_private_key(65537, 2048)
    mchid = f"19{secrets.randbelow(10**8):08d}"
    public_key = new_key("public_key", mchid, now)
    certificate = new_key("platform_certificate", mchid, now)
    return Credentials(
        mchid=mchid,
        appid=f"wx{secrets.token_hex(8)}",
        merchant_serial_no=f"{x509.random_serial_number():040X}",
        merchant_private_key=_private_pem(merchant_key),
        merchant_public_key=_public_pem(merchant_key),
        api_v3_key=secrets.token_hex(16),
        wechatpay_public_key_id=public_key.serial,
        wechatpay_public_key=public_key.public,
        wechatpay_private_key=public_key.private,
        platform_certificate_serial_no=certificate.serial,
        platform_certificate=certificate.public,
        platform_private_key=certificate.private,
        sub_merchants=tuple(
            SubMerchant(f"18{secrets.randbelow(10**8):08d}", f"wx{secrets.token_hex(8)}", name)
            for name in ("飞钱沙箱特约商户一", "飞钱沙箱特约商户二")
        ),
    )


def new_key(kind: KeyKind, mchid: str, now: datetime) -> PlatformKey:
    """A key that WeChat Pay signs with."""
    key = generate_private_key(65537, 2048)
    if kind == "public_key":
        serial = f"PUB_KEY_ID_01{mchid}{now:%Y%m%d}{secrets.randbelow(10**14):014d}"
        return PlatformKey(kind, serial, _public_pem(key), _private_pem(key))
    number = x509.random_serial_number()
    return PlatformKey(kind, f"{number:040X}", _certificate(key, number), _private_pem(key))


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
