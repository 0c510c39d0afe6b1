"""Alipay as a kind that can be connected."""

from feiqian.channels.alipay import Alipay, AlipayConfig, alipay_config_from_texts
from feiqian.channels.kinds.description import CredentialField, FieldKind, KindDescription
from feiqian.channels.model import ChannelKind

ALIPAY = KindDescription(
    kind=ChannelKind.ALIPAY,
    chinese="支付宝",
    english="Alipay",
    config=AlipayConfig,
    fields=(
        CredentialField(
            name="app_id", kind=FieldKind.TEXT, chinese="应用 APPID", english="Application (APPID)"
        ),
        CredentialField(
            name="seller_id",
            kind=FieldKind.TEXT,
            chinese="商户账号 PID（2088 开头）",
            english="Merchant number (PID, 2088…)",
        ),
        CredentialField(
            name="app_private_key",
            kind=FieldKind.PRIVATE_KEY,
            chinese="应用私钥",
            english="Application's private key",
        ),
        CredentialField(
            name="alipay_public_key",
            kind=FieldKind.PUBLIC_KEY,
            chinese="支付宝公钥（密钥模式）",
            english="Alipay's public key (key mode)",
            required=False,
        ),
        CredentialField(
            name="app_certificate",
            kind=FieldKind.CERTIFICATES,
            chinese="应用公钥证书（证书模式）",
            english="Application's certificate (certificate mode)",
            required=False,
        ),
        CredentialField(
            name="alipay_certificate",
            kind=FieldKind.CERTIFICATES,
            chinese="支付宝公钥证书（证书模式）",
            english="Alipay's certificate (certificate mode)",
            required=False,
        ),
        CredentialField(
            name="alipay_root_certificate",
            kind=FieldKind.ROOT_CERTIFICATES,
            chinese="支付宝根证书（证书模式）",
            english="Alipay's root certificates (certificate mode)",
            required=False,
        ),
        CredentialField(
            name="qr_product_code",
            kind=FieldKind.TEXT,
            chinese="扫码产品码",
            english="Product of QR codes",
            required=False,
            default="QR_CODE_OFFLINE",
        ),
        CredentialField(
            name="base_url",
            kind=FieldKind.TEXT,
            chinese="接口地址",
            english="Address of the API",
            default="https://openapi.alipay.com",
        ),
    ),
    open=lambda config, http: Alipay(config=config, http=http),
    read=alipay_config_from_texts,
)
