"""A bank as a kind that can be connected. Which fields it needs, its profile decides."""

from collections.abc import Mapping

import msgspec

from feiqian.channels.bank import Bank, BankConfig
from feiqian.channels.kinds.description import CredentialField, FieldKind, KindDescription
from feiqian.channels.model import ChannelKind


def _read(texts: Mapping[str, str]) -> msgspec.Struct:
    config = msgspec.convert(dict(texts), BankConfig)
    config.check()
    return config


def _field(
    name: str, kind: FieldKind, chinese: str, english: str, *, required: bool = False
) -> CredentialField:
    return CredentialField(name=name, kind=kind, chinese=chinese, english=english, required=required)


BANK = KindDescription(
    kind=ChannelKind.BANK,
    chinese="银行直连",
    english="Bank",
    config=BankConfig,
    fields=(
        _field(
            "profile", FieldKind.TEXT, "报文配置（名称或 TOML 全文）", "Profile (name or TOML)", required=True
        ),
        _field("account_no", FieldKind.TEXT, "本方账号", "Our account", required=True),
        _field("account_name", FieldKind.TEXT, "本方户名", "Holder of our account", required=True),
        _field("customer_no", FieldKind.TEXT, "客户号", "Our number at the bank"),
        _field("base_url", FieldKind.TEXT, "HTTP 前置地址", "Address of the HTTP front"),
        _field("private_key", FieldKind.PRIVATE_KEY, "本方私钥", "Our private key"),
        _field("certificate_serial_no", FieldKind.TEXT, "本方证书序列号", "Serial of our certificate"),
        _field("bank_certificates", FieldKind.CERTIFICATES, "银行签名证书", "Bank's signing certificates"),
        _field(
            "authority_certificate",
            FieldKind.CERTIFICATES,
            "银行证书的签发机构证书",
            "Issuer of the bank's certificates",
        ),
        _field("sub_account_prefix", FieldKind.TEXT, "子账号前缀", "Prefix of sub-accounts"),
        _field(
            "socket_address",
            FieldKind.TEXT,
            "Socket 前置地址（主机:端口）",
            "Address of the socket front (host:port)",
        ),
        _field("terminal_no", FieldKind.TEXT, "终端号", "Terminal number"),
        _field("merchant_no", FieldKind.TEXT, "商户号", "Merchant number"),
        _field(
            "master_key", FieldKind.SECRET, "主密钥（32 位十六进制）", "Master key (32 hexadecimal digits)"
        ),
        _field("soap_username", FieldKind.TEXT, "Web 服务用户名", "User of the web service"),
        _field("soap_password", FieldKind.SECRET, "Web 服务密码", "Password of the web service"),
    ),
    open=lambda config, http: Bank(config=config, http=http),
    read=_read,
)
