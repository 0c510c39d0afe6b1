"""WeChat Pay as a kind that can be connected."""

from collections.abc import Mapping

import msgspec

from feiqian.channels.kinds.description import (
    CredentialField,
    FieldKind,
    KindDescription,
    read_certificate,
    split_certificates,
)
from feiqian.channels.model import ChannelKind
from feiqian.channels.wechatpay import WechatPay, WechatPayConfig
from feiqian.kernel.errors import InvalidRequest


def _read_wechatpay(texts: Mapping[str, str]) -> msgspec.Struct:
    plain = {name: text for name, text in texts.items() if name != "platform_certificates"}
    try:
        pems = split_certificates(texts["platform_certificates"]) if "platform_certificates" in texts else []
        certificates = {read_certificate(pem).serial_no: pem for pem in pems}
    except ValueError as error:
        raise InvalidRequest(field="platform_certificates", reason="is not a PEM that can be read") from error
    config = msgspec.convert({**plain, "platform_certificates": certificates}, WechatPayConfig)
    config.check()
    return config


WECHATPAY = KindDescription(
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
            name="refund_funds_account",
            kind=FieldKind.TEXT,
            chinese="退款资金来源（AVAILABLE 为可用余额）",
            english="What refunds are paid from (AVAILABLE: the available balance)",
            required=False,
        ),
        CredentialField(
            name="transfer_scene_id",
            kind=FieldKind.TEXT,
            chinese="商家转账场景 ID",
            english="Scene of merchant transfers",
            required=False,
        ),
        CredentialField(
            name="transfer_scene_report",
            kind=FieldKind.TEXT,
            chinese="转账场景报备信息（岗位类型=…;报酬说明=…）",
            english="What that scene says of each transfer (kind=content;…)",
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
