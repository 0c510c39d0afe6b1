"""Where a buyer stands, by the browser's own words, and what can be paid from there."""

import re
from collections.abc import Mapping
from enum import StrEnum

from feiqian.channels import PaymentMethod


class Device(StrEnum):
    """In what the page is open."""

    WECHAT = "wechat"
    """WeChat's own browser."""
    ALIPAY = "alipay"
    """Alipay's own browser."""
    UNIONPAY = "unionpay"
    """The browser of UnionPay's app (云闪付) or of a bank's app that scans UnionPay codes."""
    MOBILE = "mobile"
    """A phone's browser."""
    DESKTOP = "desktop"
    """Anything else."""


_SIGNS = (
    (Device.WECHAT, re.compile(r"MicroMessenger", re.IGNORECASE)),
    (Device.ALIPAY, re.compile(r"AlipayClient|AliApp\(AP", re.IGNORECASE)),
    (Device.UNIONPAY, re.compile(r"UnionPay/|CloudPay|com\.unionpay\.", re.IGNORECASE)),
    (Device.MOBILE, re.compile(r"Android|iPhone|iPod|HarmonyOS|OpenHarmony|Mobile", re.IGNORECASE)),
)
"""The words by which each app names itself in User-Agent, as its own documents for pages say."""

PAYABLE: Mapping[Device, tuple[PaymentMethod, ...]] = {
    # Without an openid WeChat's browser can only show a code that another phone scans: it opens neither its own H5
    # payment nor Alipay's pages.
    Device.WECHAT: (PaymentMethod.WECHATPAY_NATIVE, PaymentMethod.BANK_TRANSFER),
    Device.ALIPAY: (PaymentMethod.ALIPAY_WAP, PaymentMethod.BANK_TRANSFER),
    Device.UNIONPAY: (PaymentMethod.UNIONPAY_B2C, PaymentMethod.BANK_TRANSFER),
    Device.MOBILE: (
        PaymentMethod.WECHATPAY_H5,
        PaymentMethod.ALIPAY_WAP,
        PaymentMethod.UNIONPAY_B2C,
        PaymentMethod.WECHATPAY_NATIVE,
        PaymentMethod.ALIPAY_QR,
        PaymentMethod.BANK_TRANSFER,
    ),
    Device.DESKTOP: (
        PaymentMethod.WECHATPAY_NATIVE,
        PaymentMethod.ALIPAY_QR,
        PaymentMethod.ALIPAY_PAGE,
        PaymentMethod.UNIONPAY_B2C,
        PaymentMethod.UNIONPAY_B2B,
        PaymentMethod.BANK_TRANSFER,
    ),
}
"""In the order in which they are offered. What an app's library, a scanner or a signed-in account is needed for (JSAPI,
APP, barcodes, balance) no public page can offer."""


def device_of(user_agent: str) -> Device:
    """By the first sign that is found: apps name the phone's browser too."""
    return next((device for device, sign in _SIGNS if sign.search(user_agent)), Device.DESKTOP)
