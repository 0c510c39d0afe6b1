"""The ways in which a buyer can pay, and where each can be used."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class ChannelKind(StrEnum):
    """Whose wire a channel speaks. Several connections may be of one kind."""

    WECHATPAY = "wechatpay"
    """WeChat Pay API v3."""
    ALIPAY = "alipay"
    """Alipay's open API."""
    UNIONPAY = "unionpay"
    """UnionPay's online gateway 5.1.0."""
    BANK = "bank"
    """A bank's own fronts, after a profile: transfers in to sub-accounts, transfers out, statements."""
    BALANCE = "balance"
    """Our own accounts: nothing leaves the house."""


class Scene(StrEnum):
    """Where the buyer stands when paying: what a cashier looks at to show what can work."""

    QR = "qr"
    """Another screen shows a code, the buyer's phone scans it."""
    EMBEDDED = "embedded"
    """Inside the channel's own app: its browser or a mini program."""
    MOBILE = "mobile"
    """A phone's browser."""
    DESKTOP = "desktop"
    """A computer's browser."""
    APP = "app"
    """The platform's own app, with the channel's library in it."""
    BARCODE = "barcode"
    """The shop scans the code on the buyer's phone."""
    TRANSFER = "transfer"
    """The buyer makes a bank transfer by whatever means."""
    ACCOUNT = "account"
    """The buyer's account with us pays."""


class PaymentMethod(StrEnum):
    """How a buyer pays."""

    WECHATPAY_NATIVE = "wechatpay_native"
    """The buyer scans our code with WeChat."""
    WECHATPAY_JSAPI = "wechatpay_jsapi"
    """Inside WeChat's browser or a mini program; needs the buyer's openid."""
    WECHATPAY_H5 = "wechatpay_h5"
    """A phone's browser opens WeChat."""
    WECHATPAY_APP = "wechatpay_app"
    """The platform's app opens WeChat."""
    WECHATPAY_BARCODE = "wechatpay_barcode"
    """The shop scans the buyer's payment code (付款码)."""
    ALIPAY_PAGE = "alipay_page"
    """A computer's browser goes to Alipay."""
    ALIPAY_WAP = "alipay_wap"
    """A phone's browser goes to Alipay."""
    ALIPAY_APP = "alipay_app"
    """The platform's app opens Alipay."""
    ALIPAY_QR = "alipay_qr"
    """The buyer scans our code with Alipay (precreate)."""
    ALIPAY_BARCODE = "alipay_barcode"
    """The shop scans the buyer's payment code."""
    UNIONPAY_B2C = "unionpay_b2c"
    """A person pays on UnionPay's page or the bank's."""
    UNIONPAY_B2B = "unionpay_b2b"
    """A company pays by its bank's online service."""
    BANK_TRANSFER = "bank_transfer"
    """The buyer transfers to a sub-account number that exists for this order or buyer."""
    BALANCE = "balance"
    """The buyer's account with us."""


class MethodNature(msgspec.Struct, frozen=True):
    """What a method is, apart from any contract."""

    kind: ChannelKind
    scene: Scene
    chinese: str
    english: str


METHODS: Mapping[PaymentMethod, MethodNature] = {
    PaymentMethod.WECHATPAY_NATIVE: MethodNature(
        ChannelKind.WECHATPAY, Scene.QR, "微信扫码支付", "WeChat Pay QR code"
    ),
    PaymentMethod.WECHATPAY_JSAPI: MethodNature(
        ChannelKind.WECHATPAY, Scene.EMBEDDED, "微信内支付", "WeChat Pay inside WeChat"
    ),
    PaymentMethod.WECHATPAY_H5: MethodNature(
        ChannelKind.WECHATPAY, Scene.MOBILE, "微信 H5 支付", "WeChat Pay from a mobile browser"
    ),
    PaymentMethod.WECHATPAY_APP: MethodNature(
        ChannelKind.WECHATPAY, Scene.APP, "微信 APP 支付", "WeChat Pay from an app"
    ),
    PaymentMethod.WECHATPAY_BARCODE: MethodNature(
        ChannelKind.WECHATPAY, Scene.BARCODE, "微信付款码", "WeChat payment code"
    ),
    PaymentMethod.ALIPAY_PAGE: MethodNature(
        ChannelKind.ALIPAY, Scene.DESKTOP, "支付宝电脑网站", "Alipay from a computer"
    ),
    PaymentMethod.ALIPAY_WAP: MethodNature(
        ChannelKind.ALIPAY, Scene.MOBILE, "支付宝手机网站", "Alipay from a mobile browser"
    ),
    PaymentMethod.ALIPAY_APP: MethodNature(
        ChannelKind.ALIPAY, Scene.APP, "支付宝 APP 支付", "Alipay from an app"
    ),
    PaymentMethod.ALIPAY_QR: MethodNature(ChannelKind.ALIPAY, Scene.QR, "支付宝扫码支付", "Alipay QR code"),
    PaymentMethod.ALIPAY_BARCODE: MethodNature(
        ChannelKind.ALIPAY, Scene.BARCODE, "支付宝付款码", "Alipay payment code"
    ),
    PaymentMethod.UNIONPAY_B2C: MethodNature(
        ChannelKind.UNIONPAY, Scene.DESKTOP, "银联个人网银", "UnionPay for persons"
    ),
    PaymentMethod.UNIONPAY_B2B: MethodNature(
        ChannelKind.UNIONPAY, Scene.DESKTOP, "银联企业网银", "UnionPay for companies"
    ),
    PaymentMethod.BANK_TRANSFER: MethodNature(ChannelKind.BANK, Scene.TRANSFER, "银行转账", "Bank transfer"),
    PaymentMethod.BALANCE: MethodNature(ChannelKind.BALANCE, Scene.ACCOUNT, "余额支付", "Balance"),
}
