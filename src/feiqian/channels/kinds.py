"""What it takes to open a channel of each kind: its config, which parts of it are secret, and how a form gives them.

A package of a channel becomes usable by one entry in ``KINDS``. Its config is a struct of plain values that JSON can
hold; a form gives texts by the names of ``fields``, which ``read`` turns into the config.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from feiqian.channels.model import Channel, ChannelKind
from feiqian.channels.wechatpay import WechatPay, WechatPayConfig
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
    """PEM of one certificate or of several, one after the other."""

    @property
    def secret(self) -> bool:
        """Whether it may never leave again."""
        return self in (FieldKind.SECRET, FieldKind.PRIVATE_KEY)


class CredentialField(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the form, of the same name as in the config."""

    name: str
    kind: FieldKind
    chinese: str
    english: str
    required: bool = True
    default: str = ""


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
    read: Callable[[Mapping[str, str]], msgspec.Struct]
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
        shown = [_show(field, getattr(config, field.name)) for field in self.fields]
        return [field for field in shown if field is not None]

    def secrets(self, config: msgspec.Struct) -> list[str]:
        """The texts that may stand nowhere in the clear."""
        values = [getattr(config, field.name) for field in self.fields if field.kind.secret]
        return [str(value) for value in values if value]


def _show(field: CredentialField, value: object) -> ShownField | None:
    if value in (None, "", {}, ()):
        return None
    try:
        match field.kind:
            case FieldKind.TEXT:
                return ShownField(name=field.name, kind=field.kind, value=str(value))
            case FieldKind.SECRET:
                ending = str(value)[-ENDING_SHOWN:] if len(str(value)) >= ENDING_SHOWN_FROM else None
                return ShownField(name=field.name, kind=field.kind, ending=ending)
            case FieldKind.PRIVATE_KEY:
                key = load_pem_private_key(str(value).encode(), password=None).public_key()
                return ShownField(name=field.name, kind=field.kind, fingerprint=_fingerprint(key))
            case FieldKind.PUBLIC_KEY:
                key = load_pem_public_key(str(value).encode())
                return ShownField(name=field.name, kind=field.kind, fingerprint=_fingerprint(key))
            case FieldKind.CERTIFICATES:
                pems = value.values() if isinstance(value, Mapping) else split_certificates(str(value))
                return ShownField(
                    name=field.name,
                    kind=field.kind,
                    certificates=tuple(_certificate(str(pem)) for pem in pems),
                )
    except (ValueError, TypeError) as error:
        # Not the reader's own words: they may quote what was given.
        raise InvalidRequest(field=field.name, reason="is not a PEM that can be read") from error


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


def _certificate(pem: str) -> ShownCertificate:
    read = x509.load_pem_x509_certificate(pem.encode())
    return ShownCertificate(
        serial_no=f"{read.serial_number:X}",
        subject=read.subject.rfc4514_string(),
        fingerprint=read.fingerprint(SHA256()).hex(),
        expires_at=read.not_valid_after_utc,
    )


def plain_reader(config: type[msgspec.Struct]) -> Callable[[Mapping[str, str]], msgspec.Struct]:
    """For a config whose fields are texts, numbers and switches under the form's names."""

    def read(texts: Mapping[str, str]) -> msgspec.Struct:
        try:
            return msgspec.convert(dict(texts), config, strict=False)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at `$.")
            raise InvalidRequest(field=place.strip("`") or "credentials", reason=reason) from error

    return read


def _read_wechatpay(texts: Mapping[str, str]) -> msgspec.Struct:
    plain = {name: text for name, text in texts.items() if name != "platform_certificates"}
    try:
        pems = split_certificates(texts["platform_certificates"]) if "platform_certificates" in texts else []
        certificates = {_certificate(pem).serial_no: pem for pem in pems}
    except ValueError as error:
        raise InvalidRequest(field="platform_certificates", reason="is not a PEM that can be read") from error
    config = msgspec.convert({**plain, "platform_certificates": certificates}, WechatPayConfig)
    config.check()
    return config


_WECHATPAY = KindDescription(
    kind=ChannelKind.WECHATPAY,
    chinese="微信支付",
    english="WeChat Pay",
    config=WechatPayConfig,
    fields=(
        CredentialField(
            name="mchid", kind=FieldKind.TEXT, chinese="商户号 mchid", english="Merchant number (mchid)"
        ),
        CredentialField(
            name="appid", kind=FieldKind.TEXT, chinese="应用 appid", english="Application (appid)"
        ),
        CredentialField(
            name="merchant_serial_no",
            kind=FieldKind.TEXT,
            chinese="商户 API 证书序列号",
            english="Serial of the merchant's API certificate",
        ),
        CredentialField(
            name="merchant_private_key",
            kind=FieldKind.PRIVATE_KEY,
            chinese="商户 API 私钥（apiclient_key.pem）",
            english="Merchant's API private key (apiclient_key.pem)",
        ),
        CredentialField(
            name="api_v3_key",
            kind=FieldKind.SECRET,
            chinese="APIv3 密钥（32 位）",
            english="APIv3 key (32 characters)",
        ),
        CredentialField(
            name="public_key_id",
            kind=FieldKind.TEXT,
            chinese="微信支付公钥 ID",
            english="Id of WeChat Pay's public key",
            required=False,
        ),
        CredentialField(
            name="public_key",
            kind=FieldKind.PUBLIC_KEY,
            chinese="微信支付公钥（pub_key.pem）",
            english="WeChat Pay's public key (pub_key.pem)",
            required=False,
        ),
        CredentialField(
            name="platform_certificates",
            kind=FieldKind.CERTIFICATES,
            chinese="平台证书",
            english="Platform certificates",
            required=False,
        ),
        CredentialField(
            name="base_url",
            kind=FieldKind.TEXT,
            chinese="接口地址",
            english="Address of the API",
            default="https://api.mch.weixin.qq.com",
        ),
    ),
    open=lambda config, http: WechatPay(config=config, http=http),
    read=_read_wechatpay,
)

KINDS: Mapping[ChannelKind, KindDescription] = {each.kind: each for each in (_WECHATPAY,)}
"""The kinds that can be connected."""


def describe(kind: ChannelKind) -> KindDescription:
    """Raises: InvalidRequest for a kind that cannot be connected."""
    if kind not in KINDS:
        raise InvalidRequest(field="kind", reason=f"must be one of {', '.join(KINDS)}")
    return KINDS[kind]
